import type { Duplex } from 'node:stream';

/**
 * Makes a socket send what is written to it within one tick at once: ssh2 writes each packet of 32 KiB by itself, and
 * a file sent in so many system calls is slower than the network.
 */
export function writeTogether(socket: Duplex): void {
  const write = socket.write.bind(socket) as (...given: unknown[]) => boolean;
  socket.write = (...given: unknown[]): boolean => {
    if (socket.writableCorked === 0) {
      socket.cork();
      process.nextTick(() => socket.uncork());
    }
    return write(...given);
  };
}
