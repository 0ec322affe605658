import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { createTransport } from '../../src/transport/transport.ts';
import { messageSocket } from '../../src/websocket/messages.ts';

test('the owner of a socket that has gone before it was taken over is told', async () => {
  await using transport = createTransport({ origin: 'http://incus', socketPath: '/nowhere' });
  const socket = new Duplex({ read: () => {} });
  socket.destroy();
  await once(socket, 'close');
  await new Promise<void>((resolve) => {
    messageSocket(socket, { message: () => {}, closed: () => resolve() }, transport, 'GET /1.0/events');
  });
  expect(socket.destroyed).toBe(true);
});
