import type { Duplex } from 'node:stream';

import type { Client } from 'ssh2';

/**
 * Ends a connection on which nothing has come for `count` intervals and one more, in each of which ssh2 asks the host whether
 * it is there. Whatever comes is a sign of life, as for OpenSSH: the answer itself may wait behind megabytes.
 */
export function endWhenSilent(
  client: Client,
  socket: Duplex,
  { interval, count }: { readonly interval: number; readonly count: number },
): void {
  if (interval === 0) return;
  let silent = 0;
  const onData = (): void => {
    silent = 0;
  };
  // Counted, not measured: where this program itself has stood still, what has come is not read yet.
  const timer = setInterval(() => {
    silent += 1;
    if (silent <= count) return;
    clearInterval(timer);
    client.emit('error', new Error(`it has said nothing for ${silent * interval} ms`));
    socket.destroy();
  }, interval);
  socket.on('data', onData);
  client.once('close', () => clearInterval(timer));
  client.once('end', () => clearInterval(timer));
}
