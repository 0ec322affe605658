import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
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

test('a holder whose machine is gone, or that has no machine id, does not lock for ever', async () => {
  await using toy = await createToy();
  const directory = await openStateDirectory(toy.stateDirectory);
  const me = await thisHolder();
  for (const gone of [
    { ...me, bootId: 'its own', machineId: 'another', host: 'laptop' },
    { ...me, machineId: '' },
  ]) {
    await writeHolder(directory.holder, gone);
    await using held = await lock(directory);
    expect(held).toBeDefined();
  }
});

test('two containers with one pid and one state directory do not take each other for themselves', async () => {
  await using toy = await createToy();
  const directory = await openStateDirectory(toy.stateDirectory);
  // As the first process of a pid namespace of its own, which `unshare` makes: like pid 1 of a container.
  const hold = 'exec 3>>"$1"; flock -n 3 && echo held && sleep 60';
  const child = spawn(
    'unshare',
    ['--pid', '--fork', '--kill-child', 'sh', '-c', hold, 'sh', directory.lock],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  try {
    await once(child.stdout, 'data');
    await writeHolder(directory.holder, await thisHolder());
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
