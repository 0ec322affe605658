import type { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { connectIncus } from '../../src/connect/connect-incus.ts';
import { accepted, fixtureDaemon, operation, switchProtocols, sync } from '../fixture/daemon.ts';

test('a server that refuses the socket after it was lost ends the events, and operations are waited for', async () => {
  const sockets: Duplex[] = [];
  await using daemon = await fixtureDaemon(
    (method) =>
      method === 'PUT'
        ? { status: 202, body: accepted(operation()) }
        : { body: sync(operation({ status: 'Success', status_code: 200 })) },
    (_url, socket) => {
      // It knows us the first time, and no more.
      if (sockets.length > 0) return false;
      switchProtocols(socket);
      sockets.push(socket);
      return true;
    },
  );
  await using client = await connectIncus({ socketPath: daemon.socketPath });
  const refused = client
    .events()
    .next()
    .catch((error: unknown) => error);
  await expect.poll(() => sockets).toHaveLength(1);
  sockets[0]?.destroy();
  expect(await refused).toMatchObject({ code: 'FORBIDDEN', status: 403 });
  await client.instances.start('c1');
});
