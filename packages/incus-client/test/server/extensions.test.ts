import { expect, test } from 'vitest';
import { connectIncus } from '../../src/connect/connect-incus.ts';
import type { IncusClient } from '../../src/client.ts';
import { fixtureDaemon } from '../fixture/daemon.ts';

const target = {
  protocol: 's3',
  url: 'https://s3.example.org',
  bucket_name: 'backups',
  path: 'web',
  access_key: 'key',
  secret_key: 'secret',
} as const;

test.for<[string, (client: IncusClient) => PromiseLike<unknown>]>([
  [
    'instance_snapshot_disk_only_restore',
    ({ instances }) => instances.snapshots('web').restore('s', { diskOnly: true }),
  ],
  ['backup_s3_upload', ({ instances }) => instances.backups('web').create({ name: 'b', target })],
  [
    'backup_s3_upload',
    ({ storagePools }) => storagePools.volumes('p').backups('v').create({ name: 'b', target }),
  ],
])('what a server without %s would leave out without a word is not sent', async ([extension, act]) => {
  await using daemon = await fixtureDaemon(() => undefined);
  await using client = await connectIncus({ socketPath: daemon.socketPath });
  await expect(act(client)).rejects.toMatchObject({ code: 'EXTENSION_MISSING', extension });
  expect(daemon.requests.filter((request) => !request.startsWith('GET /1.0'))).toEqual([]);
});

test('that a server has no endpoint for the files of volumes is no evidence that a file is absent', async () => {
  await using daemon = await fixtureDaemon(
    () => undefined,
    (_url, socket) => {
      socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
      return true;
    },
  );
  await using client = await connectIncus({ socketPath: daemon.socketPath });
  const { files } = client.storagePools.volumes('default');
  for (const act of [files.read('v', '/f'), files.stat('v', '/f'), files.write('v', '/f', 'x')])
    await expect(act).rejects.toMatchObject({ code: 'EXTENSION_MISSING' });
});
