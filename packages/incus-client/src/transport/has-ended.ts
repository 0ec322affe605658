import type { Duplex } from 'node:stream';

/** Whether a socket has told of its end already, and so will not again. */
export function hasEnded(socket: Duplex): boolean {
  return socket.destroyed || socket.readableEnded;
}
