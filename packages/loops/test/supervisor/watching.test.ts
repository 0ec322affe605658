import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { makeRig, until } from '../rig.ts';

describe('an agent that', () => {
  it('meets a usage limit and ends waits for its end, and spends no restart', async () => {
    const epoch = Math.floor(Date.now() / 1000) + 3600;
    await using rig = await makeRig({
      loops: {
        one: {
          command: ['sh', '-c', `echo "usage limit reached|${epoch}"; exit 1`],
          restart: { initialDelay: '1ms' },
        },
      },
    });
    const supervisor = await rig.supervise();
    await until(
      () => supervisor.status(),
      ({ loops: [loop] }) => loop?.state === 'blocked',
    );
    await delay(300);
    expect(supervisor.status().loops[0]).toMatchObject({
      state: 'blocked',
      restarts: 0,
      block: { reason: 'usage-limit', until: (epoch + 30) * 1000 },
      lastExit: { cause: 'usage-limit' },
    });
    expect(rig.events.filter(({ event }) => event === 'started')).toHaveLength(1);
  });

  it('meets a limit that is over already starts again', async () => {
    await using rig = await makeRig({
      loops: {
        one: {
          command: [
            'sh',
            '-c',
            `[ -e again ] && exec sleep 1000; touch again; echo "usage limit reached|${Math.floor(Date.now() / 1000) - 31}"`,
          ],
        },
      },
    });
    const supervisor = await rig.supervise();
    await until(
      () => supervisor.status(),
      ({ loops: [loop] }) => loop?.state === 'running' && loop.lastExit?.cause === 'usage-limit',
    );
    expect(supervisor.status().loops[0]).toMatchObject({ restarts: 0 });
  });

  it('lost its login is told about once, by the hooks too, and never restarted', async () => {
    await using rig = await makeRig({
      loops: {
        one: { command: ['sh', '-c', 'echo "Login expired"; exit 1'], restart: { initialDelay: '1ms' } },
      },
      notify: [{ command: ['sh', '-c', 'cat >> notices'] }],
    });
    const supervisor = await rig.supervise();
    const notices = await until(
      () => readFile(join(rig.directory, 'notices'), 'utf8').catch(() => ''),
      (text) => text.endsWith('\n'),
    );
    await supervisor.reconcile();
    expect(JSON.parse(notices)).toMatchObject({
      event: 'login-expired',
      loop: 'one',
      detail: 'Login expired',
    });
    expect(rig.events.filter(({ event }) => event === 'started')).toHaveLength(1);
    expect(supervisor.status().loops[0]).toMatchObject({ state: 'blocked', restarts: 0 });
  });

  it('stalls is nudged, then interrupted, then resumed', async () => {
    await using rig = await makeRig({
      loops: {
        one: {
          command: ['sh', '-c', 'stty -echo; exec sleep 1000'],
          stall: { after: '600ms', rungDelay: '600ms' },
        },
      },
    });
    const supervisor = await rig.supervise();
    await until(
      () => rig.events.flatMap((one) => (one.event === 'stalled' ? [one.rung] : [])),
      (rungs) => rungs.includes('resume'),
      20_000,
    );
    const [nudge, interrupt] = rig.events.flatMap((one) => (one.event === 'stalled' ? [one] : []));
    expect(nudge).toMatchObject({ rung: 'nudge' });
    // Within the threshold and one tick, and what a busy machine takes.
    expect(nudge?.quietMs).toBeGreaterThanOrEqual(600);
    expect(interrupt).toMatchObject({ rung: 'interrupt' });
    expect(supervisor.status().loops[0]?.session).toBeDefined();
  });

  it('works in silence is left alone', async () => {
    await using rig = await makeRig({
      loops: { one: { command: ['sh', 'busy.sh'], stall: { after: '3s', rungDelay: '1s' } } },
    });
    await writeFile(join(rig.directory, 'busy.sh'), 'while :; do :; done\n');
    await rig.supervise();
    await delay(8000);
    expect(rig.events.filter(({ event }) => event === 'stalled')).toEqual([]);
  });
});
