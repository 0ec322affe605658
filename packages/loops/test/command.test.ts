import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { localHost } from '@cutover/host';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askSupervisor, readState, type RigStatus } from '../src/index.ts';
import { buildCommand } from './command.ts';
import { until } from './rig.ts';
import { soak } from './soak.ts';

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
  const run = (...args: string[]) =>
    host.run(['node', command.path, ...args, '--config', config], { reject: false });
  return {
    directory,
    run,
    up: () =>
      spawn('node', [command.path, 'up', '--config', config, '--json'], {
        stdio: ['ignore', 'ignore', 'ignore'],
      }),
    status: async () => JSON.parse((await run('status', '--json')).stdout) as RigStatus,
    [Symbol.asyncDispose]: async () => {
      await run('down');
      await host.run(['tmux', '-N', '-S', join(directory, '.loops/run/tmux.sock'), 'kill-server'], {
        reject: false,
      });
      await rm(directory, { recursive: true, force: true, maxRetries: 5 });
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
    const up = rig.up();
    const ended = once(up, 'exit');
    await until(rig.status, (status) => status.supervisor.state === 'up' && running(status));
    expect((await rig.run('start', 'two')).exitCode).toBe(0);
    await until(rig.status, running);
    expect((await rig.run('prompt', 'two', 'hello; there')).exitCode).toBe(0);
    await until(
      async () => (await rig.run('logs', 'two')).stdout,
      (text) => text.split('hello; there').length === 3,
    );
    expect((await rig.run('stop', 'nobody')).exitCode).toBe(16);
    expect((await rig.run('metrics')).stdout).toContain('loops_running{rig="demo",loop="two"} 1');
    expect((await rig.run('history', '--event', 'started')).stdout.split('\n')).toHaveLength(3);
    expect((await rig.run('up')).exitCode).toBe(15);
    expect((await rig.run('down')).exitCode).toBe(0);
    expect((await ended)[0]).toBe(10);
    expect((await rig.status()).server).toBe('down');
  });

  it(`has exactly one of each agent after ${soak(200, 6)} starts at once, over a stale socket`, async () => {
    await using rig = await makeRig(
      '{rig: demo, workspace: ., loops: {one: {command: [sh, -c, "echo x >> started; exec sleep 1000"]}}}',
    );
    const first = rig.up();
    await until(rig.status, (status) => status.supervisor.state === 'up' && running(status));
    const socket = join(rig.directory, '.loops/run/tmux.sock');
    const { stdout } = await host.run(['tmux', '-N', '-S', socket, 'display-message', '-p', '#{pid}']);
    first.kill('SIGKILL');
    process.kill(Number(stdout), 'SIGKILL');
    await delay(100);
    const ups = Array.from({ length: soak(200, 6) }, () => rig.up());
    await Promise.all(ups.slice(0, 10).map(() => rig.run('start', 'one')));
    await until(rig.status, (status) => status.supervisor.state === 'up' && running(status), 60_000);
    await until(
      () => ups.filter(({ exitCode }) => exitCode === null).length,
      (left) => left === 1,
      120_000,
    );
    const sessions = (await host.run(['tmux', '-N', '-S', socket, 'list-sessions', '-F', '#S'])).stdout;
    expect(sessions.trim().split('\n').toSorted()).toEqual(['loops-hub', 'one']);
    expect((await readFile(join(rig.directory, 'started'), 'utf8')).split('\n')).toHaveLength(3);
  }, 300_000);

  it(`reads its state after each of ${soak(1000, 4)} kills, and passes each phase exactly once`, async () => {
    const total = soak(20_000, 200);
    const plans = Array.from({ length: total }, (_, index) => `plan-${index}.md`).join(', ');
    await using rig = await makeRig(
      `{rig: demo, workspace: ., phases: {plans: [${plans}], mirror: .phase-idx}, loops: {one: {command: [sleep, "1000"], autostart: false}}}`,
    );
    const stateDir = join(rig.directory, '.loops');
    const socket = join(stateDir, 'run/control.sock');
    for (let kill = 0; kill < soak(1000, 4); kill += 1) {
      const up = rig.up();
      const exit = once(up, 'exit');
      const ask = async (method: string, params?: unknown) =>
        askSupervisor(socket, method, params).catch(() => undefined);
      await until(
        () => ask('status'),
        (status) => status !== undefined,
      );
      const stopAt = performance.now() + Math.random() * 100;
      const killing = delay(Math.max(0, stopAt - performance.now())).then(() => up.kill('SIGKILL'));
      for (
        let index = (await readState(stateDir))?.phaseIndex ?? 0;
        index < total && performance.now() < stopAt;
        index += 1
      ) {
        await ask('phase.advance', { from: index, reason: 'a test' });
      }
      await Promise.all([exit, killing]);
      const state = await readState(stateDir);
      const passed = Array.from({ length: state?.phaseIndex ?? -1 }, (_, index) => index);
      expect(state?.passed.map(({ index }) => index)).toEqual(passed);
    }
    const up = rig.up();
    await until(rig.status, ({ supervisor }) => supervisor.state === 'up');
    const { phase } = await rig.status();
    expect(await readFile(join(rig.directory, '.phase-idx'), 'utf8')).toBe(`${phase?.index}\n`);
    expect(phase?.index).toBeGreaterThan(0);
    up.kill('SIGTERM');
  }, 1_800_000);

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
