import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { localHost } from '@cutover/host';
import { describe, expect, it } from 'vitest';
import { tmuxSocket } from '../../../src/config/rig-places.ts';
import { makeRig, until } from '../../rig.ts';
import { soak } from '../../soak.ts';

describe('an agent that', () => {
  it('meets a usage limit and ends waits for its end, and spends no restart', async () => {
    const epoch = Math.floor(Date.now() / 1000) + 3600;
    await using rig = await makeRig({
      limitPatterns: ['usage limit reached'],
      loops: {
        one: {
          // What it says just before it ends, a starved machine's tmux may not be handed.
          command: ['sh', '-c', `echo "usage limit reached|${epoch}"; sleep 0.05; exit 1`],
          restart: { initialDelay: '1ms' },
        },
      },
    });
    const supervisor = await rig.supervise();
    await until(
      () => supervisor.status(),
      ({ loops: [loop] }) => loop?.state === 'blocked' && loop.lastExit !== undefined,
    );
    await delay(300);
    expect(supervisor.status().loops[0]).toMatchObject({
      state: 'blocked',
      restarts: 0,
      block: { reason: 'usage-limit', until: (epoch + 30) * 1000 },
      lastExit: { cause: 'usage-limit' },
    });
    expect(rig.events.filter(({ type }) => type === 'started')).toHaveLength(1);
  });

  it('shows a limit that is over already starts again, and pays for it like any other', async () => {
    await using rig = await makeRig({
      limitPatterns: ['usage limit reached'],
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
      ({ loops: [loop] }) => loop?.state === 'running' && loop.lastExit !== undefined,
    );
    expect(supervisor.status().loops[0]).toMatchObject({ restarts: 1, lastExit: { cause: 'clean' } });
  });

  it('says such words where the config does not call them a sign is left alone', async () => {
    await using rig = await makeRig({
      loops: {
        one: {
          command: [
            'sh',
            '-c',
            'echo "refuses an Invalid API key with 401; rate limit reached its cap; Please run /login"; exec sleep 1000',
          ],
        },
      },
    });
    const supervisor = await rig.supervise();
    await until(
      () => readFile(join(rig.config.logDir, 'one.log'), 'utf8').catch(() => ''),
      (text) => text.includes('/login'),
    );
    await delay(300);
    expect(supervisor.status().loops[0]).toMatchObject({ state: 'running' });
    expect(supervisor.status().loops[0]?.block).toBeUndefined();
  });

  it('lost its login is told about once, by the hooks too, and never restarted', async () => {
    await using rig = await makeRig({
      loginPatterns: ['Login expired'],
      loops: {
        one: {
          command: ['sh', '-c', 'echo "Login expired"; sleep 0.05; exit 1'],
          restart: { initialDelay: '1ms' },
        },
      },
      notify: [{ command: ['sh', '-c', 'cat >> notices'] }],
    });
    const supervisor = await rig.supervise();
    const notices = await until(
      () => readFile(join(rig.directory, 'notices'), 'utf8').catch(() => ''),
      (text) => text.endsWith('\n'),
    );
    // Its screen may be read while it still runs.
    await until(
      () => supervisor.status(),
      ({ loops: [loop] }) => loop?.state !== 'running',
    );
    await supervisor.reconcile();
    expect(JSON.parse(notices)).toMatchObject({
      type: 'login-expired',
      loop: 'one',
      detail: 'Login expired',
    });
    expect(rig.events.filter(({ type }) => type === 'started')).toHaveLength(1);
    expect(supervisor.status().loops[0]).toMatchObject({ state: 'blocked', restarts: 0 });
  });

  it('stalls in a dialog, or while it starts, is left alone and escalated once; later it has its time again', async () => {
    const stall = { after: '200ms', rungDelay: '200ms', nudge: 'nudged' };
    await using rig = await makeRig({
      loops: {
        asking: {
          command: ['sh', '-c', `echo '❯ 1. No'; read line; clear; exec sleep 1000`],
          stall,
        },
        starting: { command: ['cat'], stall, ready: { output: 'never shown' } },
      },
    });
    const supervisor = await rig.supervise();
    const told = (name: string) =>
      rig.events.flatMap((one) =>
        one.type === 'stalled' && one.loop === name
          ? [one.rung]
          : one.type === 'escalated' && one.loop === name
            ? [one.detail.replace(/.*; /, '')]
            : [],
      );
    const both = () => [...told('asking'), ...told('starting')];
    await until(both, ({ length }) => length >= 4);
    await delay(500);
    expect(told('asking')).toEqual(['escalate', expect.stringContaining('it shows a menu')]);
    expect(told('starting')).toEqual(['escalate', 'it is still starting']);
    expect(supervisor.status().loops.map(({ restarts, state }) => [restarts, state])).toEqual([
      [0, 'running'],
      [0, 'running'],
    ]);
    const tmux = ['tmux', '-S', tmuxSocket(rig.config), 'send-keys', '-t', 'asking'];
    await localHost().run([...tmux, '-l', 'clear\n'.repeat(60)]);
    await until(
      () => told('asking'),
      (rungs) => rungs.includes('nudge'),
    );
  });

  it('stalls is nudged, then interrupted, then resumed', async () => {
    await using rig = await makeRig({
      loops: {
        one: {
          command: ['sh', '-c', 'stty -echo; exec sleep 1000'],
          stall: { after: '300ms', rungDelay: '200ms' },
        },
      },
    });
    const supervisor = await rig.supervise();
    await until(
      () => rig.events.flatMap((one) => (one.type === 'stalled' ? [one.rung] : [])),
      (rungs) => rungs.includes('resume'),
      20_000,
    );
    // Whatever moved on its screen before began the ladder anew.
    const stalls = rig.events.flatMap((one) => (one.type === 'stalled' ? [one] : []));
    const resume = stalls.findIndex(({ rung }) => rung === 'resume');
    const [nudge, interrupt] = stalls.slice(resume - 2, resume);
    expect(nudge).toMatchObject({ rung: 'nudge' });
    // Within the threshold and one tick, and what a busy machine takes.
    expect(nudge?.quietMs).toBeGreaterThanOrEqual(300);
    expect(interrupt).toMatchObject({ rung: 'interrupt' });
    expect(supervisor.status().loops[0]?.session).toBeDefined();
  });

  it('still runs and shows an expired login is told about once, and is free when it shows it no more', async () => {
    await using rig = await makeRig({
      loginPatterns: ['Login expired'],
      loops: {
        one: {
          command: ['sh', '-c', 'echo "Login expired"; read line; clear; exec sleep 1000'],
          stall: { after: '1s', rungDelay: '1h' },
        },
      },
    });
    const supervisor = await rig.supervise();
    const events = (name: string) => rig.events.filter(({ type }) => type === name);
    await until(
      () => supervisor.status(),
      ({ loops: [loop] }) => loop?.block?.reason === 'login-expired',
    );
    await supervisor.want(['one']);
    await delay(300);
    expect(supervisor.status().loops[0]?.block).toBeUndefined();
    expect(events('login-expired')).toHaveLength(1);
    await supervisor.restart(['one']);
    await until(
      () => supervisor.status(),
      ({ loops: [loop] }) => loop?.block?.reason === 'login-expired',
    );
    await supervisor.prompt('one', Buffer.from(''), 'logged in');
    await until(
      () => supervisor.status(),
      ({ loops: [loop] }) => loop?.state === 'running' && loop.block === undefined,
      20_000,
    );
    expect(supervisor.status().loops[0]).toMatchObject({ restarts: 0 });
  });

  it(`works in silence for ${soak(600, 4)} s is left alone`, async () => {
    await using rig = await makeRig({
      loops: { one: { command: ['sh', 'busy.sh'], stall: { after: '2s', rungDelay: '500ms' } } },
    });
    await writeFile(join(rig.directory, 'busy.sh'), 'while :; do :; done\n');
    await rig.supervise();
    await delay(soak(600_000, 4000));
    expect(rig.events.filter(({ type }) => type === 'stalled' || type === 'exited')).toEqual([]);
  }, 700_000);
});
