import type { Socket } from 'node:net';
import type { buildConnector } from 'undici';

/** Milliseconds a connection may stay silent at its beginning. */
const patience = 100;

/**
 * A connector whose connections are closed again when nothing is said on them: undici opens a new one when a request is
 * aborted, and keeps it for the next. The daemon (6.0.4) reads the first bytes of a connection to its unix socket before it
 * accepts the next one: one that stays silent keeps every other client out.
 *
 * @param composing - whether some request has yet to begin: undici sends its head with the first piece of a streamed body.
 */
export function talkingConnector(
  connector: buildConnector.connector,
  composing: () => boolean,
): buildConnector.connector {
  return (options, callback) => {
    connector(options, (error, socket) => {
      if (error !== null) return callback(error, null);
      closeWhenSilent(socket, composing);
      return callback(null, socket);
    });
  };
}

function closeWhenSilent(socket: Socket, composing: () => boolean): void {
  const timer = setTimeout(() => {
    if (socket.destroyed || socket.bytesWritten > 0) return;
    if (composing()) closeWhenSilent(socket, composing);
    else socket.destroy();
  }, patience);
  timer.unref();
}
