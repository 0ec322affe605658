import { mkdir, readFile, readlink, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { localHost } from '@cutover/host';
import { describe, expect, it } from 'vitest';
import { tmuxSocket } from '../../../src/config/rig-places.ts';
import type { RigStatus } from '../../../src/control/status.ts';
import type { RigState } from '../../../src/state/rig-state.ts';
import type { Supervisor } from '../../../src/supervisor/supervisor.ts';
import { isAlive, isZombie } from '../../../src/processes/reap-runs.ts';
import { makeRig, pidOf, until, untilRunning } from '../../rig.ts';
import { p95, soak } from '../../soak.ts';

const sleeper = { command: ['sleep', '100000'] };
/** It ends neither for TERM nor with its terminal, only with its rig's directory. */
const stubborn = {
  command: ['sh', '-c', 'trap "" TERM HUP; echo I am ready; while [ -d "$PWD" ]; do sleep 0.1; done'],
  ready: { output: 'I am ready' },
};
/** It writes down how it was started, and with which session. */
const resumable = {
  command: ['sh', '-c', 'echo "fresh $LOOPS_SESSION" >> starts; exec sleep 100000'],
  resume: ['sh', '-c', 'echo "resumed $LOOPS_SESSION" >> starts; exec sleep 100000'],
};

async function untilReady(supervisor: Supervisor): Promise<RigStatus> {
  return until(
    () => supervisor.status(),
    ({ loops }) => loops.every(({ ready }) => ready),
  );
}

/** Ends a rig at the moment in which its tmux server is lost. */
async function endWhenLost(supervisor: Supervisor): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    supervisor.events.listen((event) => {
      if (event.type === 'server' && event.state === 'lost')
        supervisor.end('a test', true).then(resolve, reject);
    });
  });
}

/** Waits until the last start was one of this session; @returns what was written down of it. */
async function lastStart(directory: string, session = 'none'): Promise<string> {
  return until(
    async () =>
      (await readFile(join(directory, 'starts'), 'utf8').catch(() => '')).trim().split('\n').at(-1) ?? '',
    (line) => line.endsWith(session),
  );
}

describe('a supervised loop', () => {
  it(`is replaced each time it is killed (${soak(100, 5)} times)`, async () => {
    await using rig = await makeRig({
      loops: { one: { ...sleeper, restart: { maxDelay: '100ms' } }, two: sleeper },
    });
    const supervisor = await rig.supervise();
    const before = await untilRunning(supervisor);
    let pid = pidOf(before, 'one');
    const times: number[] = [];
    for (let count = 1; count <= soak(100, 5); count += 1) {
      const killedAt = performance.now();
      process.kill(pid, 'SIGKILL');
      const after = await until(
        () => supervisor.status(),
        ({ loops: [loop] }) => loop?.state === 'running' && loop.pid !== pid,
      );
      times.push(performance.now() - killedAt);
      pid = pidOf(after, 'one');
      expect(after.loops[0]).toMatchObject({ restarts: count, lastExit: { cause: 'killed', signal: 9 } });
    }
    expect(pidOf(supervisor.status(), 'two')).toBe(pidOf(before, 'two'));
    expect(p95(times)).toBeLessThan(soak(1000, Infinity));
  }, 120_000);

  it('is replaced although a child of it still holds its terminal', async () => {
    await using rig = await makeRig({
      loops: {
        one: { command: ['sh', '-c', 'trap "" HUP; sleep 100000 & echo $! >> children; exec sleep 200000'] },
      },
    });
    const supervisor = await rig.supervise();
    const pid = pidOf(await untilRunning(supervisor), 'one');
    const children = async (): Promise<number[]> =>
      (await readFile(join(rig.directory, 'children'), 'utf8').catch(() => '')).split('\n').map(Number);
    const [child = 0] = await until(children, ({ length }) => length === 2);
    expect(await readlink(`/proc/${child}/fd/1`)).toMatch(/^\/dev\/pts\//);
    process.kill(pid, 'SIGKILL');
    await until(
      () => supervisor.status(),
      ({ loops: [loop] }) => loop?.state === 'running' && loop.pid !== pid,
    );
    expect(supervisor.status().loops[0]).toMatchObject({ restarts: 1 });
    // It was ended before there was another run.
    await until(
      () => isAlive(child) && !isZombie(child),
      (alive) => !alive,
    );
    await until(children, ({ length }) => length === 3);
    // Nothing less would end what ignores HUP.
    await supervisor.unwant(['one']);
  });

  it('leaves no process behind when it is stopped, not even one that left its session', async () => {
    await using rig = await makeRig({
      loops: {
        one: {
          command: [
            'sh',
            '-c',
            'setsid sh -c "echo \\$\\$ > escaped; exec sleep 100000" & exec sleep 200000',
          ],
        },
      },
    });
    const supervisor = await rig.supervise();
    await untilRunning(supervisor);
    const escaped = Number(
      await until(
        () => readFile(join(rig.directory, 'escaped'), 'utf8').catch(() => ''),
        (text) => text !== '',
      ),
    );
    await supervisor.unwant(['one']);
    await until(
      () => isAlive(escaped),
      (alive) => !alive,
    );
    expect(supervisor.status().loops[0]).toMatchObject({ state: 'stopped', wanted: false });
  });

  it('is gone for each of those who stop it at once, however long it takes to end', async () => {
    await using rig = await makeRig({ stopGrace: '500ms', loops: { one: stubborn } });
    const supervisor = await rig.supervise();
    const pid = pidOf(await untilReady(supervisor), 'one');
    const first = supervisor.unwant(['one']);
    await until(
      () => supervisor.status(),
      ({ loops: [loop] }) => loop?.state === 'stopping',
    );
    await supervisor.stopAll('a test');
    expect(isAlive(pid) && !isZombie(pid)).toBe(false);
    await first;
    expect(rig.events.filter(({ type }) => type === 'stopped')).toHaveLength(1);
  });

  it('begins a new session when its phase changes while it is being started', async () => {
    await using rig = await makeRig({
      phases: { plans: ['one.md', 'two.md'] },
      loops: { one: { ...resumable, role: 'claimer', autostart: false } },
    });
    const supervisor = await rig.supervise();
    const wanting = supervisor.want(['one']);
    while (supervisor.status().loops[0]?.session === undefined) await setImmediate();
    const before = supervisor.status().loops[0]?.session;
    await supervisor.setPhase(1, 'a test');
    await wanting;
    const [loop] = (await untilRunning(supervisor)).loops;
    expect(loop?.session).not.toBe(before);
    expect(await lastStart(rig.directory, loop?.session)).toMatch(/^fresh /);
  });

  it('begins a new session when it is restarted so, however long others take to end', async () => {
    await using rig = await makeRig({
      stopGrace: '300ms',
      loops: { one: resumable, stubborn },
    });
    const supervisor = await rig.supervise();
    const before = (await untilReady(supervisor)).loops[0]?.session;
    await lastStart(rig.directory, before);
    await supervisor.restart(['one', 'stubborn'], true);
    const after = (await untilRunning(supervisor)).loops[0]?.session;
    expect(after).not.toBe(before);
    expect(await lastStart(rig.directory, after)).toMatch(/^fresh /);
  });

  it.each([
    ['on-failure', 0, 'exited'],
    ['on-failure', 3, 'restarted'],
    ['never', 3, 'exited'],
    ['always', 0, 'restarted'],
  ])('with the policy %s that ends with %i is %s', async (policy, code, outcome) => {
    await using rig = await makeRig({
      loops: {
        one: {
          command: ['sh', '-c', `exit ${code}`],
          restart: { policy, initialDelay: '1h', maxDelay: '1h' },
        },
      },
    });
    const supervisor = await rig.supervise();
    const [loop] = (
      await until(
        () => supervisor.status(),
        ({ loops: [one] }) => one?.lastExit !== undefined,
      )
    ).loops;
    expect(loop).toMatchObject({
      state: outcome === 'exited' ? 'exited' : 'backoff',
      lastExit: { exitCode: code, cause: code === 0 ? 'clean' : 'crash' },
    });
  });

  it('has ended as it did, however long after it has closed its terminal', async () => {
    const command = [
      'sh',
      '-c',
      'trap "" HUP; exec <&- >&- 2>&-; while [ ! -e end ] && [ -d "$PWD" ]; do sleep 0.1; done',
    ];
    await using rig = await makeRig({ loops: { one: { command, restart: { policy: 'on-failure' } } } });
    const supervisor = await rig.supervise();
    await using host = localHost();
    const panes = [
      'tmux',
      '-N',
      '-S',
      tmuxSocket(rig.config),
      'list-panes',
      '-t',
      'one',
      '-F',
      '#{pane_dead}',
    ];
    await until(
      async () => (await host.run(panes, { reject: false })).stdout,
      (dead) => dead === '1\n',
    );
    // Longer than a process may be gone without a word from tmux.
    const end = performance.now() + 500;
    while (performance.now() < end) await supervisor.reconcile();
    await writeFile(join(rig.directory, 'end'), '');
    const { loops } = await until(
      () => supervisor.status(),
      ({ loops: [loop] }) => loop?.lastExit !== undefined,
    );
    expect(loops).toMatchObject([
      { state: 'exited', restarts: 0, lastExit: { cause: 'clean', exitCode: 0 } },
    ]);
  });

  it('is escalated when its restarts are used up, and starts again by hand', async () => {
    await using rig = await makeRig({
      loops: {
        one: { command: ['false'], restart: { initialDelay: '1ms', maxDelay: '1ms', maxRestarts: 3 } },
      },
    });
    const supervisor = await rig.supervise();
    await until(
      () => supervisor.status(),
      ({ loops: [loop] }) => loop?.block?.reason === 'escalated',
    );
    expect(supervisor.status().loops[0]).toMatchObject({ state: 'blocked', restarts: 3 });
    expect(rig.events.filter(({ type }) => type === 'escalated')).toHaveLength(1);
    await supervisor.want(['one']);
    await until(
      () => rig.events.filter(({ type }) => type === 'started').length,
      (count) => count > 4,
    );
  });

  it('waits for those it comes after, and for free memory', async () => {
    const file = {
      loops: {
        one: { ...sleeper, after: ['two'] },
        two: {
          command: ['sh', '-c', 'sleep 0.3; echo I am ready; sleep 1000'],
          ready: { output: 'I am ready' },
        },
      },
    };
    await using rig = await makeRig(file);
    await untilRunning(await rig.supervise());
    const order = rig.events.flatMap((one) =>
      one.type === 'started' || one.type === 'ready' ? [`${one.type} ${one.loop}`] : [],
    );
    expect(order.slice(0, 3)).toEqual(['started two', 'ready two', 'started one']);
    await using starved = await makeRig({ loops: { one: sleeper }, memoryFloor: '100TiB' });
    const supervisor = await starved.supervise();
    const { loops } = await until(
      () => supervisor.status(),
      ({ loops: [loop] }) => loop?.state === 'waiting',
    );
    expect(loops[0]?.reason).toContain('MiB of memory are available');
  });

  it('has a clean environment, and what its config and its environment file say', async () => {
    process.env['LOOPS_TEST_LEAK'] = 'leaked';
    await using rig = await makeRig({
      environment: { SHARED: 'a "b" $c\n' },
      loops: {
        one: {
          command: ['sh', '-c', 'env -0 > env.tmp; mv env.tmp env; sleep 1000'],
          environmentFile: 'secrets.env',
          role: 'claimer',
        },
      },
    });
    await writeFile(join(rig.directory, 'secrets.env'), "# a comment\nTOKEN='s3cret; value'\n");
    await untilRunning(await rig.supervise());
    const text = await until(
      () => readFile(join(rig.directory, 'env'), 'utf8').catch(() => ''),
      (seen) => seen !== '',
    );
    delete process.env['LOOPS_TEST_LEAK'];
    const environment = Object.fromEntries(
      text.split('\0').map((one) => [one.split('=', 1)[0], one.slice(one.indexOf('=') + 1)]),
    );
    expect(environment).toMatchObject({
      SHARED: 'a "b" $c\n',
      TOKEN: 's3cret; value',
      LOOPS_LOOP: 'one',
      LOOPS_ROLE: 'claimer',
    });
    expect(environment).not.toHaveProperty('LOOPS_TEST_LEAK');
    expect(JSON.stringify(rig.events)).not.toContain('s3cret');
  });
});

describe('a supervisor', () => {
  it('finds every agent again after it ended, with the same process', async () => {
    await using rig = await makeRig({ loops: { one: sleeper, two: sleeper } });
    const first = await rig.supervise();
    const before = await untilRunning(first);
    await first[Symbol.asyncDispose]();
    const after = await untilRunning(await rig.supervise());
    expect(after.loops.map(({ pid, session }) => [pid, session])).toEqual(
      before.loops.map(({ pid, session }) => [pid, session]),
    );
    expect(rig.events.filter(({ type }) => type === 'started')).toHaveLength(2);
  });

  it(`brings everything back when the tmux server is killed (${soak(20, 1)} times)`, async () => {
    await using rig = await makeRig({ loops: { one: sleeper, two: sleeper } });
    const supervisor = await rig.supervise();
    await using host = localHost();
    const times: number[] = [];
    for (let count = 0; count < soak(20, 1); count += 1) {
      const before = await untilRunning(supervisor);
      const tmux = ['tmux', '-N', '-S', tmuxSocket(rig.config), 'display-message', '-p', '#{pid}'];
      const { stdout } = await host.run(tmux);
      const killedAt = performance.now();
      process.kill(Number(stdout), 'SIGKILL');
      const after = await until(
        () => supervisor.status(),
        ({ loops }) =>
          loops.every(({ pid, state }, index) => state === 'running' && pid !== before.loops[index]?.pid),
      );
      times.push(performance.now() - killedAt);
      expect(after.loops.map(({ session }) => session)).toEqual(before.loops.map(({ session }) => session));
    }
    expect(Math.max(...times)).toBeLessThan(soak(5000, Infinity));
  }, 120_000);

  it('that lost its connections to the tmux server still ends it, and its agents', async () => {
    await using rig = await makeRig({ stopGrace: '100ms', loops: { one: stubborn } });
    const supervisor = await rig.supervise();
    const pid = pidOf(await untilReady(supervisor), 'one');
    await using host = localHost();
    const tmux = async (...args: string[]): Promise<number[]> => {
      const { stdout } = await host.run(['tmux', '-N', '-S', tmuxSocket(rig.config), ...args]);
      return stdout.trim().split('\n').map(Number);
    };
    const [server = 0] = await tmux('display-message', '-p', '#{pid}');
    const ended = endWhenLost(supervisor);
    for (const client of await tmux('list-clients', '-F', '#{client_pid}')) process.kill(client, 'SIGKILL');
    await ended;
    expect([pid, server].filter((one) => isAlive(one) && !isZombie(one))).toEqual([]);
    expect(rig.events).toContainEqual(expect.objectContaining({ type: 'stopped', loop: 'one' }));
  });

  it('leaves nothing behind of an agent that outlived the tmux server', async () => {
    await using rig = await makeRig({ stopGrace: '100ms', loops: { one: stubborn } });
    const supervisor = await rig.supervise();
    const pid = pidOf(await untilReady(supervisor), 'one');
    await using host = localHost();
    const ended = endWhenLost(supervisor);
    await host.run(['tmux', '-N', '-S', tmuxSocket(rig.config), 'kill-server']);
    await ended;
    const alive = await until(
      () => isAlive(pid) && !isZombie(pid),
      (seen) => !seen,
    );
    expect(alive).toBe(false);
  });

  it('remembers across its own end which loops are wanted', async () => {
    await using rig = await makeRig({ loops: { one: sleeper, two: { ...sleeper, autostart: false } } });
    const first = await rig.supervise();
    await first.want(['two']);
    await first.unwant(['one']);
    await first[Symbol.asyncDispose]();
    const { loops } = await untilRunning(await rig.supervise());
    expect(loops.map(({ name, wanted, state }) => [name, wanted, state])).toEqual([
      ['one', false, 'stopped'],
      ['two', true, 'running'],
    ]);
  });

  it.each([
    ['was shut down', 'orderly'],
    ['lost its power', 'unexpected'],
  ])('knows after a boot that the machine %s', async (_, reboot) => {
    await using rig = await makeRig({ loops: { one: sleeper } });
    await (await rig.supervise())[Symbol.asyncDispose]();
    const path = join(rig.config.stateDir, 'state.json');
    const { endedAt, ...state } = JSON.parse(await readFile(path, 'utf8')) as RigState;
    const ended = reboot === 'orderly' ? { endedAt } : {};
    await writeFile(path, JSON.stringify({ ...state, ...ended, bootId: 'another boot' }));
    await rig.supervise();
    const ups = rig.events.filter(({ type }) => type === 'up');
    expect(ups).toEqual([expect.not.objectContaining({ reboot }), expect.objectContaining({ reboot })]);
  });

  it('ends with what went wrong beside it, rather than going on without', async () => {
    await using rig = await makeRig({ loops: { one: sleeper }, runtimeDir: 'run', logDir: 'logs' });
    await mkdir(join(rig.directory, 'state'));
    await symlink('state', rig.config.stateDir);
    const supervisor = await rig.supervise();
    const pid = pidOf(await untilRunning(supervisor), 'one');
    // From one moment to the next the state lies where nothing can be written, whatever is being written meanwhile.
    await symlink('/dev/null', join(rig.directory, 'nowhere'));
    await rename(join(rig.directory, 'nowhere'), rig.config.stateDir);
    process.kill(pid, 'SIGKILL');
    await until(
      () => supervisor.ended.aborted,
      (ended) => ended,
    );
    expect(supervisor.failure).toMatchObject({ code: expect.stringMatching(/^E/) });
  });

  it('that is watched tells its status, and misses nothing that happens after that', async () => {
    await using rig = await makeRig({ loops: { one: { ...sleeper, autostart: false } } });
    const supervisor = await rig.supervise();
    const watching = new AbortController();
    const looks = supervisor.watch(watching.signal);
    expect((await looks.next()).value).toEqual({ status: supervisor.status() });
    await supervisor.want(['one']);
    const seen: string[] = [];
    for await (const { status, event } of looks) {
      if (event !== undefined) seen.push(event.type);
      if (event?.type !== 'started') continue;
      expect(status.loops[0]).toMatchObject({ wanted: true });
      watching.abort();
    }
    expect(seen).toContain('wanted');
  });

  it('lets no second one have the same rig', async () => {
    await using rig = await makeRig({ loops: { one: sleeper } });
    await rig.supervise();
    await expect(rig.supervise()).rejects.toMatchObject({ code: 'SUPERVISOR_RUNNING' });
  });
});
