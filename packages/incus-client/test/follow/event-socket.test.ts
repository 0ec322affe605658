import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { connectIncus } from '../../src/connect/connect-incus.ts';
import { eventSocket } from '../../src/follow/event-socket.ts';
import { createTransport } from '../../src/transport/transport.ts';
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

test('a socket that no one listens to is let go, and opened again for the next', async () => {
  const states: boolean[] = [];
  await using daemon = await fixtureDaemon(
    () => undefined,
    (_url, socket) => {
      const index = states.push(true) - 1;
      socket
        .on('error', () => {})
        .on('end', () => {
          states[index] = false;
          socket.end();
        });
      socket.resume();
      switchProtocols(socket);
      return true;
    },
  );
  await using transport = createTransport({ origin: 'http://incus', socketPath: daemon.socketPath });
  const filter = { types: ['operation'], project: undefined, allProjects: false } as const;
  const socket = eventSocket(transport, filter, 200);
  const listen = () => socket.listen({ event: () => {}, reconnected: () => {}, ended: () => {} });
  const [stop, stopOther] = [await listen(), await listen()];
  stop();
  // Another one still listens.
  await delay(400);
  expect(states).toEqual([true]);
  stopOther();
  await expect.poll(() => states).toEqual([false]);
  (await listen())();
  expect(states).toEqual([false, true]);
});
