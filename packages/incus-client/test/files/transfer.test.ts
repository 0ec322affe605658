import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { connectIncus } from '../../src/connect/connect-incus.ts';
import { fixtureDaemon } from '../fixture/daemon.ts';
import { openSftpServer } from '../fixture/sftp.ts';

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'incus-transfer-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

test('a folder that is pulled is open to no one whom its mode denies, also before all is in it', async () => {
  await using daemon = await fixtureDaemon(() => undefined, openSftpServer);
  await using client = await connectIncus({ socketPath: daemon.socketPath });
  const folder = await newFolder();
  const source = join(folder, 'source');
  await mkdir(source);
  await writeFile(join(source, 'file'), 'x');
  // It is not read, and so ends the pulling half-way.
  await promisify(execFile)('mkfifo', [join(source, 'pipe')]);
  await chmod(source, 0o750);
  const [made, there] = [join(folder, 'made', 'target'), join(folder, 'there')];
  await mkdir(there);
  await chmod(there, 0o775);
  const modes = [];
  for (const target of [made, there]) {
    await expect(client.files.pull('web', source, target)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    modes.push((await stat(target)).mode & 0o7777);
  }
  expect(modes).toEqual([0o700, 0o750]);
  await rm(join(source, 'pipe'));
  await client.files.pull('web', source, made);
  expect((await stat(made)).mode & 0o7777).toBe(0o750);
});

test('any number of SFTP sessions may share a signal', async () => {
  const warnings: Error[] = [];
  const warned = (warning: Error) => void warnings.push(warning);
  process.on('warning', warned);
  onTestFinished(() => void process.off('warning', warned));
  await using daemon = await fixtureDaemon(() => undefined, openSftpServer);
  await using client = await connectIncus({ socketPath: daemon.socketPath });
  const { signal } = new AbortController();
  const sessions = await Promise.all(Array.from({ length: 12 }, () => client.files.sftp('web', { signal })));
  for (const session of sessions) await session[Symbol.asyncDispose]();
  expect(warnings).toEqual([]);
});
