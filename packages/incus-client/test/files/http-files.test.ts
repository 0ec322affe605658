import { expect, test } from 'vitest';
import { connectIncus } from '../../src/connect/connect-incus.ts';
import { fixtureDaemon } from '../fixture/daemon.ts';

test('a file that is not there is told as such, though the answer to HEAD has no body to say so', async () => {
  await using daemon = await fixtureDaemon(() => undefined);
  await using client = await connectIncus({ socketPath: daemon.socketPath });
  await expect(client.files.stat('c1', '/nothing')).rejects.toMatchObject({ code: 'NOT_FOUND', status: 404 });
});
