import { expect, test } from 'vitest';
import { connectIncus } from '../../src/connect/connect-incus.ts';
import { waitReady } from '../../src/readiness/wait-ready.ts';
import { accepted, failure, fixtureDaemon, operation, sync } from '../fixture/daemon.ts';
import { attachChannels, endOfFile, fds } from '../fixture/exec.ts';

test('a command that was lost with the daemon is tried again', async () => {
  let tries = 0;
  await using daemon = await fixtureDaemon(
    (method, path) => {
      if (path.endsWith('/state')) return { body: sync({ status: 'Running', processes: 3, network: null }) };
      if (path.endsWith('/web')) return { body: sync({ name: 'web', expanded_devices: {}, config: {} }) };
      if (method === 'POST') {
        tries += 1;
        return { status: 202, body: accepted(operation({ metadata: { fds } })) };
      }
      // The first daemon's operation is one that the next daemon does not know.
      if (tries === 1) return { status: 404, body: failure(404, 'Operation not found') };
      return { body: sync(operation({ status: 'Success', status_code: 200, metadata: { return: 0 } })) };
    },
    attachChannels((channel, socket) => {
      if (tries === 1) setTimeout(() => socket.destroy(), 100);
      else if (channel === '1' || channel === '2') socket.write(endOfFile);
    }),
  );
  await using client = await connectIncus({ socketPath: daemon.socketPath });
  await waitReady(client, 'web', { command: ['true'] }, { timeout: 20_000 });
  expect(tries).toBe(2);
});
