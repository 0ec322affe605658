import { once } from 'node:events';
import { createServer } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { connectIncus } from '../../src/connect/connect-incus.ts';
import { fixtureDaemon } from '../fixture/daemon.ts';

test('a socket on which another program answers is told as such, and is no server without extensions', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'incus-other-'));
  const socketPath = join(folder, 'socket');
  const server = createServer((_request, response) => response.end('<html>hello</html>')).listen(socketPath);
  await once(server, 'listening');
  await expect(connectIncus({ socketPath })).rejects.toMatchObject({
    code: 'PROTOCOL_ERROR',
    message: expect.stringContaining('not that of an Incus server: <html>hello'),
  });
  server.close();
  await rm(folder, { recursive: true });
});

test('empty text is as good as none: for the socket, the project and the target', async () => {
  await using daemon = await fixtureDaemon(() => undefined);
  vi.stubEnv('INCUS_SOCKET', daemon.socketPath);
  await using client = await connectIncus({ socketPath: '', project: '', target: '' });
  vi.unstubAllEnvs();
  expect(client).toMatchObject({ address: `unix:${daemon.socketPath}`, projectName: undefined });
});

test('a request that cannot be sent is a mistake of the caller, and no lost connection', async () => {
  await using daemon = await fixtureDaemon(() => undefined);
  await using client = await connectIncus({ socketPath: daemon.socketPath });
  const before = daemon.requests.length;
  await expect(client.request('GET', '1.0/instances')).rejects.toMatchObject({
    code: 'OPTION_INVALID',
    message: expect.stringContaining('was not sent'),
  });
  await expect(client.instances.importBackup(Buffer.from('x'), { name: 'a\nb' })).rejects.toMatchObject({
    code: 'OPTION_INVALID',
  });
  expect(daemon.requests).toHaveLength(before);
});

test('an authority that is no certificate is named', async () => {
  await expect(connectIncus({ url: 'https://127.0.0.1:1', ca: 'garbage' })).rejects.toMatchObject({
    code: 'OPTION_INVALID',
    message: expect.stringContaining('ca is not a certificate'),
  });
});
