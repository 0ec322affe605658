import { expect, test } from 'vitest';
import { connectIncus } from '../../src/connect/connect-incus.ts';
import { fixtureDaemon } from '../fixture/daemon.ts';

test('a local file that cannot be read is told as such, and not as a lost connection', async () => {
  await using daemon = await fixtureDaemon(() => undefined);
  await using client = await connectIncus({ socketPath: daemon.socketPath });
  await expect(client.images.import({ unified: { path: '/tmp' } })).rejects.toMatchObject({
    name: 'FileError',
    path: '/tmp',
  });
});
