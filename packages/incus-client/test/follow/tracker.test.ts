import type { Duplex } from 'node:stream';
import { expect, test, vi } from 'vitest';
import { type EventSocket, eventSocket } from '../../src/follow/event-socket.ts';
import { operationTracker } from '../../src/follow/tracker.ts';
import { createTransport } from '../../src/transport/transport.ts';
import { fixtureDaemon, switchProtocols } from '../fixture/daemon.ts';

test('who gives up while the events socket opens leaves no listener on it', async () => {
  const asked: Duplex[] = [];
  await using daemon = await fixtureDaemon(
    () => undefined,
    (_url, socket) => asked.push(socket) > 0,
  );
  await using transport = createTransport({ origin: 'http://incus', socketPath: daemon.socketPath });
  const socket = eventSocket(transport, { types: ['operation'], project: undefined, allProjects: false });
  let opened = false;
  let listening = 0;
  const counted: EventSocket = {
    get openedAt() {
      return socket.openedAt;
    },
    async listen(listener, signal) {
      listening += 1;
      const stop = await socket.listen(listener, signal);
      opened = true;
      return () => {
        listening -= 1;
        stop();
      };
    },
  };
  const aborting = new AbortController();
  const preparing = operationTracker(transport, counted).prepare(aborting.signal);
  await vi.waitFor(() => expect(asked).toHaveLength(1), { timeout: 20_000 });
  aborting.abort(new Error('enough'));
  await expect(preparing).rejects.toThrow('enough');
  for (const pending of asked) switchProtocols(pending);
  await vi.waitFor(() => expect({ opened, listening }).toEqual({ opened: true, listening: 0 }), {
    timeout: 20_000,
  });
});
