import { expect, test } from 'vitest';
import { connectIncus } from '../../src/connect/connect-incus.ts';
import { incusHost } from '../../src/host/incus-host.ts';
import { accepted, fixtureDaemon, operation, sync } from '../fixture/daemon.ts';
import { attachChannels, endOfFile, fds } from '../fixture/exec.ts';

test('a command whose stderr is lost before its mark has come may have run: it is not told as refused', async () => {
  const ended = { status: 'Success', status_code: 200, metadata: { return: 0 } };
  await using daemon = await fixtureDaemon(
    (method) =>
      method === 'POST'
        ? { status: 202, body: accepted(operation({ metadata: { fds } })) }
        : { body: sync(operation(ended)) },
    attachChannels((channel, socket) => {
      if (channel === '1') socket.write(endOfFile);
      if (channel === '2') setTimeout(() => socket.destroy(), 100);
    }),
  );
  await using client = await connectIncus({ socketPath: daemon.socketPath });
  await expect(incusHost(client, 'web').run(['true'])).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
});
