import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lockPath, lockRig } from '../../src/state/rig-lock.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'loops-lock-'));
});
afterAll(async () => rm(directory, { recursive: true, force: true }));

describe('the lock of a rig', () => {
  it('is waited for while a command holds it, and then goes to exactly one supervisor', async () => {
    const command = await lockRig(directory, 'command');
    const supervisors = Promise.allSettled(Array.from({ length: 4 }, () => lockRig(directory, 'supervisor')));
    await delay(200);
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
        await delay(5);
        holders -= 1;
      }),
    );
    expect(most).toEqual(Array.from({ length: 8 }, () => 1));
  });

  it('is not waited for while a supervisor holds it, and the refusal says which', async () => {
    await using _lock = await lockRig(directory, 'supervisor');
    for (const holder of ['supervisor', 'command'] as const) {
      const started = performance.now();
      await expect(lockRig(directory, holder)).rejects.toMatchObject({
        code: 'SUPERVISOR_RUNNING',
        message: expect.stringContaining(`supervisor with pid ${process.pid}`),
      });
      expect(performance.now() - started).toBeLessThan(3000);
    }
  });

  it('is waited for also when a supervisor that was killed has left its name in the file', async () => {
    const hold = `process.stdout.write('x'); setTimeout(() => {}, 600)`;
    const script = `printf 'supervisor with pid 1\\n' >"$0"; exec flock "$0" ${process.execPath} -e "${hold}"`;
    const holder = spawn('sh', ['-c', script, lockPath(directory)], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(holder.stdout, 'data');
    // As a command does that has just locked the file, and is slow to say so.
    setTimeout(() => spawn('sh', ['-c', ': >"$0"', lockPath(directory)]), 20);
    await using _lock = await lockRig(directory, 'supervisor');
    expect(holder.exitCode ?? holder.signalCode ?? 0).toBe(0);
  });
});
