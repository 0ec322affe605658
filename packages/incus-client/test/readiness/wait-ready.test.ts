import { expect, test } from 'vitest';
import { connectIncus } from '../../src/connect/connect-incus.ts';
import { waitReady } from '../../src/readiness/wait-ready.ts';
import { type Answer, accepted, failure, fixtureDaemon, operation, sync } from '../fixture/daemon.ts';
import { attachChannels, endOfFile, fds } from '../fixture/exec.ts';

/** What a daemon says of the running instance `web`, without its commands. */
function webAnswer(path: string): Answer | undefined {
  if (path.endsWith('/state')) return { body: sync({ status: 'Running', processes: 3, network: null }) };
  return path.endsWith('/web')
    ? { body: sync({ name: 'web', expanded_devices: {}, config: {} }) }
    : undefined;
}

test('a command that was lost with the daemon is tried again', async () => {
  let tries = 0;
  await using daemon = await fixtureDaemon(
    (method, path) => {
      const web = webAnswer(path);
      if (web !== undefined) return web;
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

test('a guest without systemd is not waited for', async () => {
  const missing = {
    status: 'Failure',
    status_code: 400,
    err: 'Command not found',
    metadata: { return: 127 },
  };
  await using daemon = await fixtureDaemon(
    (method, path) => {
      if (method === 'POST') return { status: 202, body: accepted(operation({ metadata: { fds } })) };
      return webAnswer(path) ?? { body: sync(operation(missing)) };
    },
    attachChannels((channel, socket) => {
      if (channel === '1' || channel === '2') socket.write(endOfFile);
    }),
  );
  await using client = await connectIncus({ socketPath: daemon.socketPath });
  await expect(waitReady(client, 'web', { systemd: 'degraded' })).rejects.toMatchObject({
    code: 'NOT_READY',
    seen: { systemd: 'absent' },
  });
});
