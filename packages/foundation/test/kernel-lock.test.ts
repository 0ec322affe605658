import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';
import { expect, onTestFinished, test } from 'vitest';
import { takeKernelLock } from '../src/kernel-lock.ts';

async function lockFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lock-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, 'lock');
}

async function compiled(name: string, outDir: string): Promise<string> {
  const entry = [fileURLToPath(new URL(`programs/${name}.ts`, import.meta.url))];
  await build({
    entry,
    outDir,
    format: 'esm',
    target: 'node20',
    config: false,
    silent: true,
    outExtension: () => ({ js: '.mjs' }),
  });
  return join(outDir, `${name}.mjs`);
}

test('the second is told who holds it, and gets it when the first lets go', async () => {
  const path = await lockFile();
  const first = await takeKernelLock(path, { holder: 'the first' });
  if (!first.taken) throw new Error('it was free');
  expect(await takeKernelLock(path, { holder: 'the second' })).toEqual({ taken: false, holder: 'the first' });
  const waiting = takeKernelLock(path, { holder: 'the second', patience: 20_000 });
  await first.lock[Symbol.asyncDispose]();
  const second = await waiting;
  expect(second.taken).toBe(true);
  if (second.taken) await second.lock[Symbol.asyncDispose]();
});

test('a wait ends at its limit, and at once when it is aborted', async () => {
  const path = await lockFile();
  const first = await takeKernelLock(path, { holder: 'the first' });
  if (!first.taken) throw new Error('it was free');
  expect(await takeKernelLock(path, { holder: 'x', patience: 100 })).toMatchObject({ taken: false });
  const signal = AbortSignal.timeout(100);
  await expect(takeKernelLock(path, { holder: 'x', patience: 20_000, signal })).rejects.toThrow(
    /timeout|abort/i,
  );
  await first.lock[Symbol.asyncDispose]();
});

test('a holder that is killed lets go, though its own children live on', async () => {
  const path = await lockFile();
  const program = await compiled('holds-lock', dirname(path));
  const child = spawn(process.execPath, [program, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout, 'data');
  const grandchild = Number(String(line).trim());
  onTestFinished(() => void process.kill(grandchild, 'SIGKILL'));
  expect(await takeKernelLock(path, { holder: 'x' })).toMatchObject({
    taken: false,
    holder: `pid ${child.pid}`,
  });
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(process.kill(grandchild, 0)).toBe(true);
  const after = await takeKernelLock(path, { holder: 'x', patience: 5000 });
  expect(after.taken).toBe(true);
  if (after.taken) await after.lock[Symbol.asyncDispose]();
});

test('it is known to be out of place once its file was deleted, also with another in its place', async () => {
  const path = await lockFile();
  const first = await takeKernelLock(path, { holder: 'the first' });
  if (!first.taken) throw new Error('it was free');
  expect(first.lock.isInPlace()).toBe(true);
  await rm(path);
  expect(first.lock.isInPlace()).toBe(false);
  const second = await takeKernelLock(path, { holder: 'the second' });
  expect(first.lock.isInPlace()).toBe(false);
  await first.lock[Symbol.asyncDispose]();
  if (second.taken) await second.lock[Symbol.asyncDispose]();
});
