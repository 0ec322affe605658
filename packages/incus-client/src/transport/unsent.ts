import type { buildConnector } from 'undici';

const unsent = new WeakSet<Error>();

/** A connector whose errors are known again by {@link wasUnsent}: no request can have gone over a connection that never was. */
export function markingConnector(connector: buildConnector.connector): buildConnector.connector {
  return (options, callback) => {
    connector(options, (error, socket) => {
      if (error === null) return callback(null, socket);
      unsent.add(error);
      return callback(error, null);
    });
  };
}

/** Whether `error` is why a connection could not be made. */
export function wasUnsent(error: unknown): boolean {
  return error instanceof Error && unsent.has(error);
}
