import { IncusConnectionError } from '../errors.ts';

const closedErrors = new WeakSet<Error>();

/** For what is asked of a client that was closed. */
export function closedError(server: string): IncusConnectionError {
  const error = new IncusConnectionError('CONNECTION_LOST', server, `the client of ${server} is closed`);
  closedErrors.add(error);
  return error;
}

/** Whether an error is such a one, so that trying again leads nowhere. */
export function isOfClosedClient(error: Error): boolean {
  return closedErrors.has(error);
}
