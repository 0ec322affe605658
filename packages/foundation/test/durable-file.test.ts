import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { writeFileDurably } from '../src/durable-file.ts';

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'durable-'));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

test('a file is replaced with exactly the mode asked for, whatever the umask, and nothing is left beside it', async () => {
  const path = join(await folder(), 'key');
  const umask = process.umask(0o077);
  try {
    await writeFileDurably(path, 'old', { mode: 0o644 });
    await writeFileDurably(path, new Uint8Array([0, 255]), { mode: 0o640 });
  } finally {
    process.umask(umask);
  }
  expect([...(await readFile(path))]).toEqual([0, 255]);
  expect((await stat(path)).mode & 0o7777).toBe(0o640);
  expect(await readdir(join(path, '..'))).toEqual(['key']);
});

test('a write that fails leaves the old file and no temporary one', async () => {
  const path = join(await folder(), 'key');
  await mkdir(path);
  await writeFile(join(path, 'inside'), '');
  await expect(writeFileDurably(path, 'new', { mode: 0o600 })).rejects.toThrow('rename');
  expect(await readdir(join(path, '..'))).toEqual(['key']);
});

test('what a killed process left is removed, what a living one writes stays', async () => {
  const path = join(await folder(), 'key');
  const child = spawn('true');
  await once(child, 'exit');
  const dead = `${path.replace(/key$/, '.key.')}${child.pid}-0123456789ab.tmp`;
  const living = `${path.replace(/key$/, '.key.')}${process.pid}-0123456789ab.tmp`;
  for (const leftover of [dead, living]) await writeFile(leftover, '');
  await chmod(living, 0o600);
  await writeFileDurably(path, 'new', { mode: 0o600 });
  expect((await readdir(join(path, '..'))).sort()).toEqual([`.key.${process.pid}-0123456789ab.tmp`, 'key']);
});

test('a write that is not confirmed leaves the old file and no temporary one', async () => {
  const path = join(await folder(), 'key');
  const replaced: boolean[] = [];
  for (const [data, answer] of [
    ['old', true],
    ['new', false],
  ] as const)
    replaced.push(await writeFileDurably(path, data, { mode: 0o600, confirm: async () => answer }));
  expect(replaced).toEqual([true, false]);
  expect(await readFile(path, 'utf8')).toBe('old');
  expect(await readdir(join(path, '..'))).toEqual(['key']);
});
