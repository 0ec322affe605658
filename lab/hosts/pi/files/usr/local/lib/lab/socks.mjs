// socks.mjs PORT: a SOCKS5 proxy on loopback (RFC 1928, CONNECT without a login), as a userspace tailscaled offers one.
import { createConnection, createServer } from 'node:net';

/** The next `count` bytes of a socket. */
async function take(socket, count) {
  let chunk;
  while ((chunk = socket.read(count)) === null) {
    if (socket.readableEnded || socket.destroyed) throw new Error('ended early');
    await new Promise((resolve) => {
      socket.once('readable', resolve);
      socket.once('close', resolve);
    });
  }
  return chunk;
}

async function serve(client) {
  const [, methods] = await take(client, 2);
  await take(client, methods);
  client.write(Buffer.from([5, 0]));
  const [, command, , kind] = await take(client, 4);
  const host =
    kind === 1
      ? (await take(client, 4)).join('.')
      : kind === 3
        ? String(await take(client, (await take(client, 1))[0]))
        : undefined;
  const port = (await take(client, 2)).readUInt16BE();
  const answer = (code) => client.write(Buffer.from([5, code, 0, 1, 0, 0, 0, 0, 0, 0]));
  if (command !== 1 || host === undefined) {
    answer(host === undefined ? 8 : 7);
    client.end();
    return;
  }
  const server = createConnection({ host, port });
  server.once('connect', () => {
    answer(0);
    client.pipe(server).pipe(client);
  });
  server.on('error', () => {
    if (server.connecting || !server.readyState.startsWith('open')) answer(5);
    client.destroy();
  });
  client.on('close', () => server.destroy());
}

createServer((client) => {
  client.on('error', () => client.destroy());
  serve(client).catch(() => client.destroy());
}).listen(Number(process.argv[2]), '127.0.0.1');
