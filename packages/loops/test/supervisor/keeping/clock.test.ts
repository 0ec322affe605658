import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, it, vi } from 'vitest';
import { makeRig, pidOf, until, untilRunning } from '../../rig.ts';

afterEach(() => {
  vi.useRealTimers();
});

it('waits no longer for a restart when the clock is set back', async () => {
  await using rig = await makeRig({
    loops: { one: { command: ['sleep', '1000'], restart: { initialDelay: '500ms' } } },
  });
  const supervisor = await rig.supervise();
  const pid = pidOf(await untilRunning(supervisor), 'one');
  process.kill(pid, 'SIGKILL');
  await until(
    () => supervisor.status().loops[0]?.state,
    (state) => state === 'backoff',
  );
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3_600_000 });
  const again = await until(
    () => supervisor.status().loops[0]?.pid,
    (now) => now !== undefined && now !== pid,
    10_000,
  );
  expect(again).not.toBe(pid);
});

it('counts how long an agent ran also when the clock is set back meanwhile', async () => {
  await using rig = await makeRig({
    loops: {
      one: {
        command: ['sleep', '1000'],
        restart: { initialDelay: '1ms', maxDelay: '1ms', resetAfter: '1s', maxRestarts: 1 },
      },
    },
  });
  const supervisor = await rig.supervise();
  await untilRunning(supervisor);
  for (const hours of [1, 2, 3]) {
    const pid = pidOf(supervisor.status(), 'one');
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - hours * 3_600_000 });
    await delay(1100);
    process.kill(pid, 'SIGKILL');
    await until(
      () => supervisor.status().loops[0],
      (loop) => loop?.state === 'running' && loop.pid !== undefined && loop.pid !== pid,
    );
  }
  expect(rig.events.map(({ type }) => type)).not.toContain('escalated');
});

it('gives an agent its whole time to become ready when the clock is set on', async () => {
  const program = 'while [ ! -e go ]; do sleep 0.05; done; echo READY; exec cat > got';
  await using rig = await makeRig({
    loops: {
      one: {
        command: ['sh', '-c', program],
        ready: { output: '^READY', timeout: '1h' },
        prompt: { file: 'prompt', deliver: 'paste' },
      },
    },
  });
  await writeFile(join(rig.directory, 'prompt'), 'go on');
  const supervisor = await rig.supervise();
  await untilRunning(supervisor);
  // As on a machine without a clock of its own, soon after its boot.
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 24 * 3_600_000 });
  await delay(1000);
  expect(supervisor.status().loops[0]?.ready).toBe(false);
  await writeFile(join(rig.directory, 'go'), '');
  const ofPrompts = () => rig.events.map(({ type }) => type).filter((type) => type.startsWith('prompt'));
  expect(await until(ofPrompts, ({ length }) => length > 0)).toEqual(['prompted']);
});
