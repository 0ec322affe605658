import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lockAddress, lockRig } from '../../src/state/rig-lock.ts';
import { until } from '../rig.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'loops-lock-'));
});
afterAll(async () => rm(directory, { recursive: true, force: true }));

/** Waits until so many have connected to the holder of the lock. */
async function untilWaiting(count: number): Promise<void> {
  const address = await lockAddress(directory);
  // The listening socket bears the same name.
  await until(
    async () => (await readFile('/proc/net/unix', 'utf8')).split(`@${address}`).length - 2,
    (waiting) => waiting === count,
  );
}

describe('the lock of a rig', () => {
  it('is waited for while a command holds it, and then goes to exactly one supervisor', async () => {
    const command = await lockRig(directory, 'command');
    const supervisors = Promise.allSettled(Array.from({ length: 4 }, () => lockRig(directory, 'supervisor')));
    await untilWaiting(4);
    await command[Symbol.asyncDispose]();
    const locks = (await supervisors).flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const refused = (await supervisors).flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    for (const lock of locks) await lock[Symbol.asyncDispose]();
    expect(locks).toHaveLength(1);
    expect(refused).toMatchObject(Array.from({ length: 3 }, () => ({ code: 'SUPERVISOR_RUNNING' })));
  });

  it('goes from command to command, one at a time', async () => {
    let holders = 0;
    const most: number[] = [];
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        await using _lock = await lockRig(directory, 'command');
        most.push((holders += 1));
        await readFile('/proc/net/unix');
        holders -= 1;
      }),
    );
    expect(most).toEqual(Array.from({ length: 8 }, () => 1));
  });

  it('is not waited for while a supervisor holds it', async () => {
    await using _lock = await lockRig(directory, 'supervisor');
    for (const holder of ['supervisor', 'command'] as const) {
      await expect(lockRig(directory, holder)).rejects.toMatchObject({ code: 'SUPERVISOR_RUNNING' });
    }
  });
});
