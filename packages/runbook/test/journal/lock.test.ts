import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { thisHolder, writeHolder } from '../../src/journal/holder.ts';
import { lock, unlock } from '../../src/journal/lock.ts';
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

test('a holder that died is passed over: its pid is gone, or is another process', async () => {
  await using toy = await createToy();
  const directory = await openStateDirectory(toy.stateDirectory);
  const me = await thisHolder();
  for (const dead of [
    { ...me, pid: 2 ** 22 + 1 },
    { ...me, pid: 1, startTime: '1' },
    { ...me, bootId: 'earlier' },
  ]) {
    await writeHolder(directory.holder, dead);
    await using held = await lock(directory);
    expect(held).toBeDefined();
  }
});

test('a holder on another machine is believed: nothing here proves that it is dead', async () => {
  await using toy = await createToy();
  const directory = await openStateDirectory(toy.stateDirectory);
  const elsewhere = {
    ...(await thisHolder()),
    pid: 77,
    bootId: 'its own',
    machineId: 'another',
    host: 'laptop',
  };
  await writeHolder(directory.holder, elsewhere);
  await expect(lock(directory)).rejects.toMatchObject({
    code: 'LOCKED',
    message: expect.stringContaining('laptop'),
  });
  await expect(unlock(directory)).rejects.toMatchObject({ code: 'LOCKED' });
  expect(JSON.parse(await readFile(directory.holder, 'utf8'))).toEqual(elsewhere);
});

test('unlock forgets a holder on proof of its death only', async () => {
  await using toy = await createToy();
  const directory = await openStateDirectory(toy.stateDirectory);
  expect(await unlock(directory)).toEqual({ unlocked: false, reason: 'not locked' });
  await writeHolder(directory.holder, { ...(await thisHolder()), bootId: 'earlier' });
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
