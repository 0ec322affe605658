import { IncusError } from '../errors.ts';
import type { Operation } from '../api/operation.ts';
import type { Scope } from '../scope.ts';
import { path } from '../api/path.ts';
import { asError } from '../transport/as-error.ts';

/** The path of an instance's console. */
export function consolePath(instance: string): string {
  return path`/1.0/instances/${instance}/console`;
}

/** A console that was granted; its channels are still to be attached. */
interface ConsoleOperation {
  readonly operation: Operation;
  /** Settles with the operation. The daemon fails that of a console whose client went away: that is how a session ends. */
  readonly ended: Promise<void>;
}

/** Asks for a console. */
export async function startConsole(
  scope: Scope,
  instance: string,
  wanted: object,
  signal: AbortSignal | undefined,
): Promise<ConsoleOperation> {
  const run = scope.start('POST', consolePath(instance), { json: wanted, signal }, () => {});
  const ended = Promise.resolve(run).catch((error: unknown) => {
    if (!(error instanceof IncusError) && signal?.aborted !== true) throw error;
  });
  // `detach` tells it.
  ended.catch(() => {});
  return { operation: await run.started, ended };
}

/**
 * Detaches when `signal` aborts, at once where it has already. `detach` then gets the signal's reason, for those who read.
 *
 * @returns `detach`, after which the signal is not listened to any more.
 */
export async function detachOnAbort(
  signal: AbortSignal | undefined,
  detach: (reason?: Error) => Promise<void>,
): Promise<() => Promise<void>> {
  if (signal?.aborted === true) {
    await detach(asError(signal.reason));
    throw signal.reason;
  }
  const abort = () => void detach(asError(signal?.reason));
  signal?.addEventListener('abort', abort, { once: true });
  return async () => {
    signal?.removeEventListener('abort', abort);
    await detach();
  };
}
