import {
  chmod,
  chown,
  lstat,
  mkdtemp,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { replaceFile, replaceOrCreateFile } from '../../src/files/replace-file.ts';
import { temporaryDirectory } from '../temporary.ts';

const asRoot = process.getuid?.() === 0;

test.runIf(asRoot)(
  'a replaced file keeps owner, group and mode, and a symbolic link to it stays one',
  async () => {
    const directory = await temporaryDirectory();
    const other = await mkdtemp(join(tmpdir(), 'cutover-secrets-'));
    onTestFinished(() => rm(other, { recursive: true, force: true }));
    const [file, link] = [join(other, 'a.yaml'), join(directory, 'link.yaml')];
    await writeFile(file, 'old');
    await chown(file, 1234, 2345);
    await chmod(file, 0o640);
    await symlink(file, link);
    await replaceFile(link, Buffer.from('new'));
    expect(await readlink(link)).toBe(file);
    expect(await readFile(file, 'utf8')).toBe('new');
    const { uid, gid, mode } = await stat(file);
    expect([uid, gid, mode & 0o7777]).toEqual([1234, 2345, 0o640]);
  },
);

test('output to a device is written to it, and does not replace it', async () => {
  await replaceOrCreateFile('/dev/null', Buffer.from('x'), { newMode: 0o600 });
  expect((await lstat('/dev/null')).isCharacterDevice()).toBe(true);
});

test('a new file has the mode that is asked for, and decrypted content one of its own', async () => {
  const file = join(await temporaryDirectory(), 'a');
  await replaceOrCreateFile(file, Buffer.from('x'), { newMode: 0o640 });
  expect((await stat(file)).mode & 0o777).toBe(0o640);
  await replaceOrCreateFile(file, Buffer.from('x'), { newMode: 0o600, mode: 0o600 });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});
