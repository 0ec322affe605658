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
