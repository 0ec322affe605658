import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { localHost } from '@cutover/host';
import { children, type KeeperKind } from './keeper.ts';

const host = localHost();
/** As the units that `loops units` renders start it. */
const node = ['node', '--max-semi-space-size=1', '--no-opt'];
const thrift = { MALLOC_TRIM_THRESHOLD_: '65536' };

/** Ours: the supervisor with its two tmux clients, and the tmux server; not the loggers, a small pair for each loop. */
export const loops: KeeperKind = {
  name: 'loops',
  start: async (count) => {
    const directory = await mkdtemp(join(tmpdir(), 'bench-loops-'));
    const config = join(directory, 'loops.yaml');
    const names = Array.from({ length: count }, (_, index) => `loop-${index}`);
    const restart = { initialDelay: '100ms', maxDelay: '100ms' };
    const entries = names.map((name) => [name, { command: ['sleep', '100000'], restart }]);
    await writeFile(
      config,
      JSON.stringify({ rig: 'bench', workspace: '.', loops: Object.fromEntries(entries) }),
    );
    const bundle = fileURLToPath(import.meta.resolve('@cutover/loops/bundle'));
    const [program = 'node', ...flags] = node;
    const up = spawn(program, [...flags, bundle, 'up', '--config', config], {
      stdio: 'ignore',
      env: { ...process.env, ...thrift },
    });
    const run = async (...args: string[]): Promise<string> =>
      (await host.run(['node', bundle, ...args, '--config', config])).stdout;
    const status = async (): Promise<{ loops: { pid?: number }[] }> =>
      JSON.parse(await run('status', '--json'));
    while ((await status()).loops.some(({ pid }) => pid === undefined)) await delay(20);
    const tmux = ['tmux', '-N', '-S', join(directory, '.loops/run/tmux.sock')];
    const server = Number((await host.run([...tmux, 'display-message', '-p', '#{pid}'])).stdout);
    const panes = [...tmux, 'list-panes', '-a', '-f', '#{m:loop-*,#{session_name}}', '-F', '#{pane_pid}'];
    return {
      // The server is one of its children; it would not be, had another supervisor started it.
      processes: async () => [...new Set([up.pid ?? 0, server, ...(await children(up.pid ?? 0))])],
      programs: async () => (await host.run(panes)).stdout.trim().split('\n').map(Number),
      status,
      [Symbol.asyncDispose]: async () => {
        await run('down');
        await rm(directory, { recursive: true, force: true, maxRetries: 5 });
      },
    };
  },
};
