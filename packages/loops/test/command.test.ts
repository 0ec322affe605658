import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, mkdtemp, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { localHost } from '@cutover/host';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadRigConfig } from '../src/config/load-rig-config.ts';
import type { RigConfig } from '../src/config/rig-config.ts';
import { controlSocket } from '../src/config/rig-places.ts';
import { askSupervisor } from '../src/control/control-connection.ts';
import type { RigStatus } from '../src/control/status.ts';
import type { RigEvent } from '../src/events/rig-event.ts';
import { readRigStatus } from '../src/rig/read-rig-status.ts';
import { readState } from '../src/state/state-store.ts';
import { isAlive, isZombie } from '../src/processes/reap-runs.ts';
import { buildCommand } from './command.ts';
import { makeGitFixture } from './git-fixture.ts';
import { pidOf, until } from './rig.ts';
import { p95, soak } from './soak.ts';

const host = localHost();
let command: Awaited<ReturnType<typeof buildCommand>>;
beforeAll(async () => {
  command = await buildCommand();
}, 60_000);
afterAll(async () => command?.[Symbol.asyncDispose]());

/** A rig that the command has charge of. */
async function makeRig(yaml: string) {
  const directory = await mkdtemp(join(tmpdir(), 'loops-'));
  const config = join(directory, 'loops.yaml');
  await writeFile(config, yaml);
  const ups: ChildProcess[] = [];
  let rigConfig: Promise<RigConfig> | undefined;
  const loaded = (): Promise<RigConfig> => (rigConfig ??= loadRigConfig(config));
  const argv = (...args: string[]): string[] => ['node', command.path, ...args, '--config', config];
  const run = (...args: string[]) => host.run(argv(...args), { reject: false });
  return {
    directory,
    argv,
    run,
    up: (env: Record<string, string> = {}) => {
      const [program = 'node', ...args] = argv('up');
      const up = spawn(program, args, { stdio: 'ignore', env: { ...process.env, ...env } });
      ups.push(up);
      return up;
    },
    /** Watches the status; ends with the rig. */
    watch: () => {
      const [program = 'node', ...args] = argv('status', '--watch', '--json');
      const watch = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      ups.push(watch);
      const looks: RigStatus[] = [];
      createInterface({ input: watch.stdout }).on('line', (line) =>
        looks.push(JSON.parse(line) as RigStatus),
      );
      return {
        last: () => looks.at(-1),
        interrupt: async (): Promise<unknown> => {
          const exit = once(watch, 'exit');
          watch.kill('SIGINT');
          return (await exit)[0];
        },
      };
    },
    /** Keeps a tmux server there as a unit does, until it is disposed. */
    serveTmux: (): AsyncDisposable => {
      const server = ['tmux', '-D', '-u', '-S', join(directory, '.loops/run/tmux.sock'), '-f', '/dev/null'];
      const forever = 'trap exit TERM; while :; do "$@"; sleep 0.1; done';
      const unit = spawn('sh', ['-c', forever, 'sh', ...server], { stdio: 'ignore', detached: true });
      const exit = once(unit, 'exit');
      return {
        [Symbol.asyncDispose]: async () => {
          process.kill(-(unit.pid ?? 0), 'SIGKILL');
          await exit;
        },
      };
    },
    status: async () => readRigStatus(await loaded()),
    socket: async () => controlSocket(await loaded()),
    [Symbol.asyncDispose]: async () => {
      await run('down');
      // A supervisor that still ends would start a new server in place of the one that is killed here.
      for (const up of ups.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)) {
        const exit = once(up, 'exit');
        up.kill('SIGKILL');
        await exit;
      }
      await host.run(['tmux', '-N', '-S', join(directory, '.loops/run/tmux.sock'), 'kill-server'], {
        reject: false,
      });
      await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** A client that says something to the supervisor and is gone before it hears the answer. */
async function hangUpAfter(socket: string, text: string): Promise<void> {
  const client = connect(socket);
  client.on('connect', () => client.write(text, () => client.destroy()));
  await new Promise((resolve) => {
    // Nobody may be there yet.
    client.on('error', resolve);
    client.on('close', resolve);
  });
}

/** A terminal of a person's, with a command in it. */
async function openTerminal(directory: string, argv: readonly string[]) {
  const tmux = ['tmux', '-S', join(directory, 'terminal.sock'), '-f', '/dev/null'];
  const script = '"$@"; echo "left with $?"; exec sleep 1000';
  await host.run([...tmux, 'new-session', '-d', '-x', '80', '-y', '24', 'sh', '-c', script, 'sh', ...argv]);
  return {
    screen: async (colors?: true) =>
      (await host.run([...tmux, 'capture-pane', '-p', ...(colors ? ['-e'] : [])])).stdout,
    type: (...keys: string[]) => host.run([...tmux, 'send-keys', ...keys]),
    [Symbol.asyncDispose]: async () => {
      await host.run([...tmux, 'kill-server']);
    },
  };
}

const newInSystemd254 = /^.*Unknown key 'Restart(?:Steps|MaxDelaySec)'.*$/gm;

const running = ({ loops }: RigStatus): boolean =>
  loops.every(({ wanted, state }) => !wanted || state === 'running');

describe('loops', () => {
  it('brings a rig up, tells about it, and takes it down', async () => {
    await using rig = await makeRig(
      '{rig: demo, workspace: ., loops: {one: {command: [sleep, "1000"]}, two: {command: [cat], autostart: false}}}',
    );
    expect((await rig.status()).supervisor.state).toBe('down');
    const watch = rig.watch();
    await until(watch.last, (status) => status?.supervisor.state === 'down');
    const up = rig.up();
    const ended = once(up, 'exit');
    await until(watch.last, (status) => status?.supervisor.state === 'up' && running(status));
    expect((await rig.run('start', 'two')).exitCode).toBe(0);
    await until(watch.last, (status) => status?.loops[1]?.state === 'running');
    expect((await rig.run('prompt', 'two', 'hello; there')).exitCode).toBe(0);
    await until(
      async () => (await rig.run('logs', 'two')).stdout,
      (text) => text.split('hello; there').length === 3,
    );
    expect((await rig.run('stop', 'nobody')).exitCode).toBe(16);
    expect((await rig.run('logs')).stderr).toContain('say which loop of demo: one, two');
    const told = JSON.parse((await rig.run('status', '--json')).stdout) as RigStatus;
    expect(told).toEqual(await rig.status());
    expect((await rig.run('metrics')).stdout).toContain('loops_running{rig="demo",loop="two"} 1');
    expect((await rig.run('history', '--event', 'started')).stdout.split('\n')).toHaveLength(3);
    expect((await rig.run('up')).exitCode).toBe(15);
    expect((await rig.run('down')).exitCode).toBe(0);
    expect((await ended)[0]).toBe(10);
    expect((await rig.status()).server).toBe('down');
    await until(watch.last, (status) => status?.supervisor.state === 'down');
    expect(await watch.interrupt()).toBe(130);
  });

  it(`has exactly one of each agent after ${soak(200, 4)} starts at once, in spite of all that may be in the way`, async () => {
    await using rig = await makeRig(
      '{rig: demo, workspace: ., loops: {one: {command: [sh, -c, "echo x >> started; exec sleep 1000"]}}}',
    );
    const isUp = (status: RigStatus): boolean => status.supervisor.state === 'up' && running(status);
    const started = async (): Promise<string> =>
      readFile(join(rig.directory, 'started'), 'utf8').catch(() => '');
    const tmux = async (...args: string[]): Promise<string[]> => {
      const socket = join(rig.directory, '.loops/run/tmux.sock');
      return (await host.run(['tmux', '-N', '-S', socket, ...args])).stdout.trim().split('\n');
    };
    const first = rig.up();
    await until(rig.status, isUp);
    await until(started, (text) => text === 'x\n');
    // Both sockets stay behind.
    const [server = ''] = await tmux('display-message', '-p', '#{pid}');
    const exit = once(first, 'exit');
    first.kill('SIGKILL');
    await exit;
    process.kill(Number(server), 'SIGKILL');
    await until(
      () => isAlive(Number(server)) && !isZombie(Number(server)),
      (alive) => !alive,
    );
    // Some are told, as by their unit, that the server is another unit's; that unit is there as well.
    await using _rival = rig.serveTmux();
    const ups = Array.from({ length: soak(200, 4) }, (_, index) =>
      rig.up(index % 2 === 0 ? {} : { LOOPS_TMUX: 'external' }),
    );
    const socket = await rig.socket();
    const request = `${JSON.stringify({ method: 'start', params: { names: ['one'] } })}\n`;
    await Promise.all(
      ups
        .slice(0, 10)
        .flatMap(() => [
          rig.run('start', 'one'),
          hangUpAfter(socket, request),
          hangUpAfter(socket, request.slice(0, 20)),
        ]),
    );
    const { supervisor, loops } = await until(rig.status, isUp, 120_000);
    await until(
      () => ups.filter(({ exitCode }) => exitCode === null).length,
      (left) => left === 1,
      120_000,
    );
    // The winner loses its connections to the server, and finds its agent again.
    const clients = async (): Promise<string[]> => tmux('list-clients', '-F', '#{client_pid}');
    const lost = await until(clients, ({ length }) => length === 2);
    for (const pid of lost) process.kill(Number(pid), 'SIGKILL');
    await hangUpAfter(socket, request);
    await until(clients, (now) => now.length === 2 && !now.some((pid) => lost.includes(pid)));
    expect(await until(rig.status, isUp)).toMatchObject({ supervisor, loops: [{ pid: loops[0]?.pid }] });
    expect((await tmux('list-sessions', '-F', '#S')).toSorted()).toEqual(['loops-hub', 'one']);
    expect(await until(started, (text) => text !== 'x\n')).toBe('x\nx\n');
  }, 300_000);

  it(`finds the same agents again each time it is killed (${soak(20, 2)} times)`, async () => {
    await using rig = await makeRig(
      '{rig: demo, workspace: ., loops: {one: {command: [sleep, "1000"]}, two: {command: [sleep, "1000"]}}}',
    );
    let up = rig.up();
    const before = await until(rig.status, (status) => status.supervisor.state === 'up' && running(status));
    const times: number[] = [];
    for (let kill = 0; kill < soak(20, 2); kill += 1) {
      const killedAt = performance.now();
      up.kill('SIGKILL');
      await once(up, 'exit');
      up = rig.up();
      const after = await until(rig.status, (status) => status.supervisor.state === 'up' && running(status));
      times.push(performance.now() - killedAt);
      for (const name of ['one', 'two']) expect(pidOf(after, name)).toBe(pidOf(before, name));
    }
    expect(p95(times)).toBeLessThan(soak(3000, Infinity));
  }, 120_000);

  it(`reads its state after each of ${soak(1000, 3)} kills, and passes each phase exactly once`, async () => {
    // A rig of its own for some of the kills each, or its state would grow beyond any that there is.
    for (let some = 0; some < soak(20, 1); some += 1) {
      const total = soak(2500, 150);
      const plans = Array.from({ length: total }, (_, index) => `plan-${index}.md`).join(', ');
      await using rig = await makeRig(
        `{rig: demo, workspace: ., phases: {plans: [${plans}], mirror: .phase-idx}, loops: {one: {command: [sleep, "1000"], autostart: false}}}`,
      );
      const stateDir = join(rig.directory, '.loops');
      const socket = await rig.socket();
      const status = async () => askSupervisor(socket, 'status', {}).catch(() => undefined);
      const advance = async (from: number) =>
        askSupervisor(socket, 'phase.advance', { from, reason: 'a test' }).catch(() => undefined);
      for (let kill = 0; kill < soak(50, 3); kill += 1) {
        const up = rig.up();
        const exit = once(up, 'exit');
        await until(status, (seen) => seen !== undefined);
        // However slow the machine is, there is a phase that was passed before a kill.
        if (kill === 0) await advance(0);
        const stopAt = performance.now() + Math.random() * 100;
        const killing = delay(Math.max(0, stopAt - performance.now())).then(() => up.kill('SIGKILL'));
        for (
          let index = (await readState(stateDir))?.phaseIndex ?? 0;
          index < total && performance.now() < stopAt;
          index += 1
        ) {
          await advance(index);
        }
        await Promise.all([exit, killing]);
        const state = await readState(stateDir);
        const passed = Array.from({ length: state?.phaseIndex ?? -1 }, (_, index) => index);
        expect(state?.passed.map(({ index }) => index)).toEqual(passed);
      }
      const up = rig.up();
      const { phase } = await until(rig.status, ({ supervisor }) => supervisor.state === 'up');
      expect(await readFile(join(rig.directory, '.phase-idx'), 'utf8')).toBe(`${phase?.index}\n`);
      // The supervisor's own two; those of the killed ones are gone, or they would keep the server from ending.
      const tmux = ['tmux', '-N', '-S', join(stateDir, 'run/tmux.sock')];
      await until(
        async () =>
          (await host.run([...tmux, 'list-clients', '-F', '#{client_pid}'])).stdout.trim().split('\n'),
        (clients) => clients.length === 2,
      );
      await rig.run('down');
      expect(phase?.index).toBeGreaterThan(0);
      await until(
        () => up.exitCode,
        (code) => code === 10,
      );
    }
  }, 2_400_000);

  it('hands over from claimer to reviewer, through the gate, and keeps a history of it', async () => {
    await using fixture = await makeGitFixture();
    const [builder, adversary] = [await fixture.clone('builder'), await fixture.clone('adversary')];
    await using rig = await makeRig(
      JSON.stringify({
        rig: 'demo',
        workspace: '.',
        phases: {
          plans: ['one.md', 'two.md'],
          maxRounds: 1,
          gate: { commands: [['test', '-e', 'done-{phase}-{plan}']] },
        },
        loops: {
          builder: { command: ['sleep', '1000'], clone: builder, role: 'claimer' },
          adversary: { command: ['sleep', '1000'], clone: adversary, role: 'reviewer' },
        },
      }),
    );
    const up = rig.up();
    await until(rig.status, (status) => status.supervisor.state === 'up' && running(status));
    const refused = await rig.run('claim');
    expect(refused).toMatchObject({ exitCode: 16, stderr: expect.stringContaining('done-0-one.md') });
    const sha = await fixture.commit(builder, 'done-0-one.md');
    await fixture.git(builder, 'push', '-q');
    expect((await rig.run('claim')).stdout).toContain(`${sha}, round 1`);
    expect((await rig.run('phase', 'advance', '--from', '0')).exitCode).toBe(16);
    expect((await rig.run('verdict', 'pass', '--sha', sha, '--note', 'well done')).exitCode).toBe(0);
    await fixture.commit(builder, 'more');
    await fixture.git(builder, 'push', '-q');
    expect((await rig.run('claim')).stderr).toContain('claimed 1 times already');
    expect((await rig.run('phase', 'advance', '--from', '0')).stderr).toContain('the claim is void');
    await fixture.git(builder, 'push', '-q', '--force', 'origin', `${sha}:main`);
    expect((await rig.run('phase', 'advance', '--from', '0')).exitCode).toBe(0);
    const history = await until(
      async () =>
        (JSON.parse((await rig.run('history', '--json')).stdout) as RigEvent[]).filter(({ type }) =>
          /claimed|verdict|escalated|phase/.test(type),
        ),
      ({ length }) => length === 4,
    );
    expect(history).toMatchObject([
      { type: 'claimed', loop: 'builder', phase: 0, sha, round: 1 },
      { type: 'verdict', loop: 'adversary', phase: 0, sha, verdict: 'pass', note: 'well done' },
      { type: 'escalated', loop: 'builder' },
      { type: 'phase', from: 0, to: 1, sha },
    ]);
    up.kill('SIGTERM');
  });

  it('takes no verdict of an agent for that of another loop, whatever it calls itself', async () => {
    await using fixture = await makeGitFixture();
    const [builder, adversary] = [await fixture.clone('builder'), await fixture.clone('adversary')];
    // It does what is in the file, as itself and as one that has left its terminal.
    const agent =
      'while sleep 0.1; do [ -e do ] || continue; LOOPS_LOOP=adversary sh do >said 2>&1; setsid -w sh do >>said 2>&1; rm do; done';
    await using rig = await makeRig(
      JSON.stringify({
        rig: 'demo',
        workspace: '.',
        phases: { plans: ['one.md'] },
        loops: {
          builder: { command: ['sh', '-c', agent], clone: builder, cwd: '.', role: 'claimer' },
          adversary: { command: ['sleep', '1000'], clone: adversary, role: 'reviewer' },
        },
      }),
    );
    const up = rig.up();
    await until(rig.status, (status) => status.supervisor.state === 'up' && running(status));
    const sha = await fixture.commit(builder, 'work');
    await fixture.git(builder, 'push', '-q');
    expect((await rig.run('claim', '--phase', '7')).exitCode).toBe(2);
    expect((await rig.run('claim')).exitCode).toBe(0);
    const attempts = [
      ['verdict', 'pass', '--sha', sha, '--loop', 'adversary'],
      ['verdict', 'pass', '--sha', sha],
      ['phase', 'advance', '--from', '0', '--without-verdict', 'me'],
    ];
    const lines = attempts.map((words) => `${rig.argv(...words).join(' ')}; echo "exit code $?"`);
    await writeFile(join(rig.directory, 'attempt'), lines.join('\n'));
    await rename(join(rig.directory, 'attempt'), join(rig.directory, 'do'));
    const said = await until(
      () => readFile(join(rig.directory, 'said'), 'utf8').catch(() => ''),
      (text) => text.split('exit code').length === 7,
    );
    expect(said.match(/exit code \d+/g)).toEqual(Array.from({ length: 6 }, () => 'exit code 16'));
    expect((await rig.run('phase', 'advance', '--from', '0')).stderr).toContain('no verdict means no');
    // The loop's own state knows how often the phase was claimed.
    await fixture.git(fixture.remote, 'update-ref', '-d', 'refs/loops/demo/claims/0');
    expect((await rig.run('claim')).stdout).toContain('round 2');
    up.kill('SIGTERM');
  });

  it('says what runs when its supervisor is gone or stopped, and carries out later nothing that was given up', async () => {
    await using rig = await makeRig(
      '{rig: demo, workspace: ., metricsFile: metrics, loops: {one: {command: [sleep, "1000"]}}}',
    );
    let up = rig.up();
    const pid = pidOf(
      await until(rig.status, (status) => status.supervisor.state === 'up' && running(status)),
      'one',
    );
    up.kill('SIGSTOP');
    const [silent, stop] = await Promise.all([rig.status(), rig.run('stop', 'one')]);
    expect(silent).toMatchObject({ supervisor: { state: 'silent' }, loops: [{ state: 'running', pid }] });
    expect(stop).toMatchObject({ exitCode: 17, stderr: expect.stringContaining('said nothing for 5 s') });
    up.kill('SIGCONT');
    expect(await until(rig.status, ({ supervisor }) => supervisor.state === 'up')).toMatchObject({
      loops: [{ state: 'running', wanted: true, pid }],
    });
    const exit = once(up, 'exit');
    up.kill('SIGKILL');
    await exit;
    expect(await rig.status()).toMatchObject({
      supervisor: { state: 'down' },
      loops: [{ state: 'running', pid }],
    });
    expect((await rig.run('metrics')).stdout).toContain('loops_running{rig="demo",loop="one"} 1');
    up = rig.up();
    await until(rig.status, ({ supervisor }) => supervisor.state === 'up');
    const ended = once(up, 'exit');
    // The config may be named before the subcommand as well.
    const [program = 'node', bundle = ''] = rig.argv();
    const config = rig.argv().at(-1) ?? '';
    expect((await host.run([program, bundle, '-c', config, 'down'], { reject: false })).exitCode).toBe(0);
    await ended;
    const metrics = await readFile(join(rig.directory, 'metrics'), 'utf8');
    expect(metrics).toContain('loops_supervisor_up{rig="demo"} 0');
    expect(metrics).toContain('loops_running{rig="demo",loop="one"} 0');
  });

  it('applies an edited config when told to, and works on with what it has while that has mistakes', async () => {
    await using rig = await makeRig('{rig: demo, workspace: ., loops: {one: {command: [sleep, "1000"]}}}');
    const file = join(rig.directory, 'loops.yaml');
    const up = rig.up();
    const before = await until(rig.status, (status) => status.supervisor.state === 'up' && running(status));
    await writeFile(file, '{rig: demo, workspace: ., loops: {one: {command: [sleep, "2000"]}');
    const refused = await rig.run('reload', '--json');
    expect(refused.exitCode).toBe(2);
    expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: 'CONFIG_INVALID' } });
    const told = JSON.parse((await rig.run('status', '--json')).stdout) as RigStatus;
    expect(told.loops).toEqual(before.loops);
    expect(await rig.run('logs')).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining('the supervisor goes on with the config that it read before'),
    });
    expect((await rig.run('stop')).stdout).toBe('stop: one\n');
    await writeFile(file, '{rig: demo, workspace: ., loops: {two: {command: [sleep, "2000"]}}}');
    expect((await rig.run('stop', 'two')).stderr).toContain('loops reload applies an edited config');
    const report = JSON.parse((await rig.run('reload', '--json', '--dry-run')).stdout) as unknown;
    expect(report).toMatchObject({ dryRun: true, added: ['two'], removed: ['one'] });
    up.kill('SIGHUP');
    await until(rig.status, (status) => status.loops[0]?.name === 'two' && running(status));
    expect((await rig.run('reload')).stdout).toBe('nothing changed\n');
  });

  it('fills a terminal with the status, current without any news, and gives it back', async () => {
    const long = `a-name-that-is-long`;
    await using rig = await makeRig(
      `{rig: demo, workspace: ., loops: {one: {command: [sleep, "1000"]}, ${long}: {command: [./${'missing/'.repeat(20)}]}}}`,
    );
    const up = rig.up();
    const isUp = ({ supervisor, loops }: RigStatus): boolean =>
      supervisor.state === 'up' && loops[0]?.state === 'running' && loops[1]?.state === 'backoff';
    await until(rig.status, isUp);
    await using terminal = await openTerminal(rig.directory, rig.argv('status', '--watch'));
    const lineOf = (screen: string, start: string): string =>
      screen.split('\n').find((line) => line.startsWith(start)) ?? '';
    const first = await until(terminal.screen, (screen) => screen.includes('q: leave'));
    expect(lineOf(first, long)).toMatch(/^.{70,79}…$/);
    const second = lineOf(first, 'one ');
    expect(second).toMatch(/running +yes +\d+ +0 +\d+s$/);
    // Nothing happens to it, and its age goes on.
    await until(terminal.screen, (screen) => ![second, ''].includes(lineOf(screen, 'one ')));
    expect(await terminal.screen(true)).toContain('\u001B[32mrunning');
    up.kill('SIGSTOP');
    await until(terminal.screen, (screen) => screen.includes('supervisor does not answer'));
    up.kill('SIGCONT');
    await until(terminal.screen, (screen) => screen.includes('supervisor up'));
    await terminal.type('q');
    const left = await until(terminal.screen, (screen) => screen.includes('left with'));
    expect(left.trim()).toBe('left with 0');
  });

  it('is told by the end of its terminal to end, not to read its config again', async () => {
    await using rig = await makeRig('{rig: demo, workspace: ., loops: {one: {command: [sleep, "1000"]}}}');
    {
      await using _terminal = await openTerminal(rig.directory, rig.argv('up'));
      await until(rig.status, (status) => status.supervisor.state === 'up' && running(status));
    }
    expect(await until(rig.status, ({ supervisor }) => supervisor.state === 'down')).toMatchObject({
      loops: [{ state: 'running' }],
    });
  });

  it('does nothing to another rig in the same workspace', async () => {
    await using rig = await makeRig('{rig: demo, workspace: ., loops: {one: {command: [sleep, "1000"]}}}');
    const up = rig.up();
    const pid = pidOf(
      await until(rig.status, (status) => status.supervisor.state === 'up' && running(status)),
      'one',
    );
    const other = join(rig.directory, 'other.yaml');
    await writeFile(other, '{rig: other, workspace: ., loops: {one: {command: [sleep, "1000"]}}}');
    const [program = 'node', bundle = ''] = rig.argv();
    for (const words of [['stop', 'one'], ['down'], ['status'], ['quiesce', '--deadline', '4s']]) {
      const result = await host.run([program, bundle, ...words, '--config', other], { reject: false });
      expect({ words, code: result.exitCode }).not.toEqual({ words, code: 0 });
      expect(`${words.join(' ')}: ${result.stdout}${result.stderr}`).toContain('stateDir of its own');
    }
    expect(pidOf(await rig.status(), 'one')).toBe(pid);
    const exit = once(up, 'exit');
    up.kill('SIGTERM');
    await exit;
    expect((await host.run([program, bundle, 'up', '--config', other], { reject: false })).exitCode).toBe(2);
  });

  it('holds a rig still without a supervisor, until it is started', async () => {
    await using rig = await makeRig('{rig: demo, workspace: ., loops: {one: {command: [sleep, "1000"]}}}');
    expect(await rig.run('quiesce', '--keep', '--deadline', '20s')).toMatchObject({
      exitCode: 0,
      stdout: 'not checked: one, which has no clone\nat rest, at a safe point\n',
    });
    expect(await rig.status()).toMatchObject({ hold: 'quiesced' });
    rig.up();
    await until(rig.status, ({ supervisor }) => supervisor.state === 'up');
    expect(await rig.status()).toMatchObject({ hold: 'quiesced', loops: [{ state: 'held' }] });
    await rig.run('start');
    await until(rig.status, running);
  });

  it.each([
    ['may type', [], 'got hello'],
    ['only looks', ['--read-only'], 'waiting'],
  ])(
    'puts a person at a terminal in front of an agent, who %s, and lets them go',
    async (_, flags, shown) => {
      const agent = 'echo waiting; read line; echo "got $line"; exec sleep 1000';
      await using rig = await makeRig(
        JSON.stringify({ rig: 'demo', workspace: '.', loops: { one: { command: ['sh', '-c', agent] } } }),
      );
      rig.up();
      await until(rig.status, (status) => status.supervisor.state === 'up' && running(status));
      await using terminal = await openTerminal(rig.directory, rig.argv('attach', 'one', ...flags));
      await until(terminal.screen, (screen) => screen.includes('waiting'));
      await terminal.type('hello', 'Enter');
      // What is typed after it has arrived as well: the agent saw all of it, or none.
      const log = async (): Promise<string> => (await rig.run('logs', 'one')).stdout;
      await until(log, (text) => text.includes(shown));
      await terminal.type('C-b', 'd');
      await until(terminal.screen, (screen) => screen.includes('left with 0'));
      expect((await log()).includes('hello')).toBe(flags.length === 0);
      expect((await rig.status()).loops[0]).toMatchObject({ state: 'running', restarts: 0 });
    },
  );

  it('follows a log over its rotation, and misses nothing of it', async () => {
    await using rig = await makeRig('{rig: demo, workspace: ., loops: {one: {command: [sleep, "1000"]}}}');
    const log = join(rig.directory, '.loops/logs/one.log');
    await mkdir(dirname(log), { recursive: true });
    await writeFile(log, 'a');
    const [program = 'node', ...args] = rig.argv('logs', '--follow');
    const follow = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let seen = '';
    follow.stdout.on('data', (chunk: Buffer) => (seen += chunk.toString()));
    const sees = async (text: string): Promise<unknown> =>
      until(
        () => seen,
        (now) => now === text,
      );
    await sees('a');
    await appendFile(log, 'b');
    await sees('ab');
    await appendFile(log, 'c');
    await rename(log, `${log}.1`);
    await writeFile(log, 'd');
    await sees('abcd');
    // The logger writes what comes, whole characters or not.
    const arrow = Buffer.from('→');
    await appendFile(log, arrow.subarray(0, 2));
    await delay(200);
    await appendFile(log, arrow.subarray(2));
    await sees('abcd→');
    await truncate(log);
    await appendFile(log, 'e');
    await sees('abcd→e');
    const exit = once(follow, 'exit');
    follow.kill('SIGINT');
    expect((await exit)[0]).toBe(130);
  });

  it('shows a log byte for byte, over its rotation, or as text', async () => {
    await using rig = await makeRig('{rig: demo, workspace: ., loops: {one: {command: [sleep, "1000"]}}}');
    const log = join(rig.directory, '.loops/logs/one.log');
    const bytes = Buffer.from('older \u001B[31mred\u001B[0m ä', 'latin1');
    await mkdir(dirname(log), { recursive: true });
    await writeFile(`${log}.1`, bytes);
    await writeFile(log, 'newer');
    expect((await rig.run('logs', '--raw')).stdoutBytes).toEqual(
      Buffer.concat([bytes, Buffer.from('newer')]),
    );
    expect((await rig.run('logs', '--bytes', '8')).stdout).toMatch(/^.. ?.newer$/su);
  });

  it('is run by a user who has no entry in the table of users', async () => {
    await using rig = await makeRig('{rig: demo, workspace: ., loops: {one: {command: [sleep, "1000"]}}}');
    await host.run(['chmod', '755', dirname(command.path)]);
    await host.run(['chown', '-R', '54321:54321', rig.directory]);
    const user = ['--reuid', '54321', '--regid', '54321', '--clear-groups', 'env', '-u', 'HOME'];
    const up = spawn('setpriv', [...user, ...rig.argv('up')], { stdio: 'ignore' });
    await until(rig.status, (status) => status.supervisor.state === 'up' && running(status));
    const ended = once(up, 'exit');
    expect((await rig.run('down')).exitCode).toBe(0);
    expect((await ended)[0]).toBe(10);
  });

  it('renders units that systemd accepts', async () => {
    await using rig = await makeRig(
      '{rig: demo, workspace: ., runtimeDir: /run/loops-demo, loops: {one: {command: [sleep, "1"]}}}',
    );
    const { stdout } = await rig.run(
      'units',
      '--user',
      'root',
      '--armed-file',
      '/var/lib/armed',
      '--out',
      rig.directory,
    );
    expect(stdout.trim().split('\n')).toHaveLength(2);
    const text = await readFile(join(rig.directory, 'loops-demo.service'), 'utf8');
    expect(text).toContain('Type=notify');
    expect(text).toContain('ConditionPathExists=/var/lib/armed');
    const checked = await host.run(['systemd-analyze', 'verify', '--man=no', ...stdout.trim().split('\n')], {
      reject: false,
    });
    expect(checked.stderr.replaceAll(newInSystemd254, '')).not.toMatch(
      /loops-.*(?:Unknown|Invalid|Failed to parse)/,
    );
  });

  it('says what is wrong with a config, and where', async () => {
    await using rig = await makeRig('{rig: Demo, workspace: ., loops: {one: {command: []}}, colour: red}');
    const { exitCode, stdout, stderr } = await rig.run('status', '--json');
    expect(exitCode).toBe(2);
    for (const place of ['rig:', 'loops.one.command:', 'colour']) expect(stderr).toContain(place);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'CONFIG_INVALID' } });
  });
});
