import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { askRigOf } from '../../../src/control/ask-rig.ts';
import { controlSocket, tmuxSocket } from '../../../src/config/rig-places.ts';
import { readRigStatus } from '../../../src/rig/read-rig-status.ts';
import { lockRig } from '../../../src/state/rig-lock.ts';
import { readState } from '../../../src/state/state-store.ts';
import { PlaceKeeper } from '../../../src/supervisor/keeping/place-keeper.ts';
import { runSupervisor } from '../../../src/supervisor/run-supervisor.ts';
import { makeRig, pidOf, until, untilRunning } from '../../rig.ts';

const running = ({ loops: [one] }: Awaited<ReturnType<typeof readRigStatus>>) => one?.state === 'running';

it('makes again what a cleanup of the workspace deleted, and keeps the rig and its agents', async () => {
  await using rig = await makeRig({ loops: { one: { command: ['sleep', '1000'] } } });
  const { config } = rig;
  const controller = new AbortController();
  const end = runSupervisor(config, { signal: controller.signal });
  const before = await until(() => readRigStatus(config), running);
  const { run } = (await readState(config.stateDir))?.loops['one'] ?? {};
  const isWhole = async (): Promise<void> => {
    const after = await until(
      () => readRigStatus(config),
      ({ supervisor }) => supervisor.state === 'up' && existsSync(tmuxSocket(config)),
    );
    expect(after.loops).toEqual(before.loops);
  };
  await rm(config.runtimeDir, { recursive: true });
  // A command that comes too early waits, as long as it can see that a supervisor holds the rig.
  expect((await askRigOf(config, 'status', {})).supervisor.state).toBe('up');
  await isWhole();
  await rm(config.stateDir, { recursive: true, maxRetries: 5 });
  await isWhole();
  expect((await readState(config.stateDir))?.loops['one']?.run).toBe(run);
  await expect(lockRig(config.stateDir, 'supervisor')).rejects.toMatchObject({ code: 'SUPERVISOR_RUNNING' });
  controller.abort();
  expect(await end).toBe('signal');
});

it('says once that a place was lost which is not there though it was made again', async () => {
  const types: string[] = [];
  const keeper = new PlaceKeeper(({ type }) => types.push(type));
  keeper.keep({ path: '/nowhere', isThere: () => false, restore: async () => {} });
  await keeper.look();
  await keeper.look();
  expect(types).toEqual(['place-lost']);
});

it('ends when another supervisor has the rig, because the lock was deleted', async () => {
  await using rig = await makeRig({ loops: { one: { command: ['sleep', '1000'] } } });
  const { config } = rig;
  const { signal } = new AbortController();
  const end = runSupervisor(config, { signal });
  await until(() => readRigStatus(config), running);
  await rm(config.stateDir, { recursive: true, maxRetries: 5 });
  await mkdir(config.stateDir);
  await using _other = await lockRig(config.stateDir, 'supervisor');
  await expect(end).rejects.toMatchObject({ code: 'SUPERVISOR_RUNNING' });
});

it('finds the agents without a supervisor though the sockets were deleted, and so does the next supervisor', async () => {
  await using rig = await makeRig({ loops: { one: { command: ['sleep', '1000'] } } });
  const first = await rig.supervise();
  const pid = pidOf(await untilRunning(first), 'one');
  await first[Symbol.asyncDispose]();
  await rm(rig.config.runtimeDir, { recursive: true });
  expect(await readRigStatus(rig.config)).toMatchObject({
    supervisor: { state: 'down' },
    loops: [{ state: 'running', pid }],
  });
  await rm(rig.config.stateDir, { recursive: true });
  const second = await rig.supervise();
  expect(pidOf(await untilRunning(second), 'one')).toBe(pid);
  expect(existsSync(controlSocket(rig.config))).toBe(false);
});
