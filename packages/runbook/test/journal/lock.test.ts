import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { link, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { thisHolder, writeHolder } from '../../src/journal/holder.ts';
import { currentHolder, lock, unlock } from '../../src/journal/lock.ts';
import { openStateDirectory } from '../../src/journal/state-directory.ts';
import { createToy } from '../engine/toy.ts';

test('a lock excludes, and is free again after it was given back', async () => {
  await using toy = await createToy();
  const directory = await openStateDirectory(toy.stateDirectory);
  {
    await using held = await lock(directory);
    expect(held).toBeDefined();
    await expect(lock(directory)).rejects.toMatchObject({
      code: 'LOCKED',
      message: expect.stringContaining(`pid ${process.pid}`),
    });
  }
  await using again = await lock(directory);
  expect(again).toBeDefined();
});

test('what a holder left that is gone, wherever it was, does not lock', async () => {
  await using toy = await createToy();
  const directory = await openStateDirectory(toy.stateDirectory);
  await writeHolder(directory.holder, { ...thisHolder(), host: 'laptop', pid: process.pid });
  expect(await currentHolder(directory)).toBeUndefined();
  await using held = await lock(directory);
  expect(held).toBeDefined();
  expect(await currentHolder(directory)).toMatchObject({ pid: process.pid, host: hostname() });
});

test('the lock is the journal’s own: it holds under another path, and a journal put in its place is another', async () => {
  await using toy = await createToy();
  const directory = await openStateDirectory(toy.stateDirectory);
  const held = await lock(directory);
  const beside = await openStateDirectory(`${toy.stateDirectory}-beside`);
  await link(directory.journal, beside.journal);
  await expect(lock(beside)).rejects.toMatchObject({ code: 'LOCKED' });
  await rm(join(directory.path, 'holder.json'));
  await expect(lock(directory)).rejects.toMatchObject({ code: 'LOCKED' });
  await held[Symbol.asyncDispose]();
  await using again = await lock(beside);
  expect(again).toBeDefined();
});

test('two containers with one pid and one state directory do not take each other for themselves', async () => {
  await using toy = await createToy();
  const directory = await openStateDirectory(toy.stateDirectory);
  // As the first process of a pid namespace of its own, which `unshare` makes: like pid 1 of a container.
  const hold = 'exec 3>>"$1"; flock -n 3 && echo held && sleep 60';
  const child = spawn(
    'unshare',
    ['--pid', '--fork', '--kill-child', 'sh', '-c', hold, 'sh', directory.journal],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  try {
    await once(child.stdout, 'data');
    await writeHolder(directory.holder, thisHolder());
    await expect(lock(directory)).rejects.toMatchObject({ code: 'LOCKED' });
    await expect(unlock(directory)).rejects.toMatchObject({ code: 'LOCKED' });
  } finally {
    child.kill('SIGKILL');
    await once(child, 'close');
  }
  await using held = await lock(directory);
  expect(held).toBeDefined();
});

test('unlock forgets a holder on proof of its death only', async () => {
  await using toy = await createToy();
  const directory = await openStateDirectory(toy.stateDirectory);
  expect(await unlock(directory)).toEqual({ unlocked: false, reason: 'not locked' });
  await writeHolder(directory.holder, thisHolder());
  expect(await unlock(directory)).toMatchObject({ unlocked: true });
  await writeFile(directory.holder, '{"half');
  expect(await unlock(directory)).toEqual({ unlocked: false, reason: 'not locked' });
});

test('runners that open a state directory at the same time share one key', async () => {
  await using toy = await createToy();
  const keys = await Promise.all(
    Array.from({ length: 8 }, async () =>
      Buffer.from((await openStateDirectory(toy.stateDirectory)).key).toString('hex'),
    ),
  );
  expect(new Set(keys).size).toBe(1);
});
