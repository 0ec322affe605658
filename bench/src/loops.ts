import { spawn } from 'node:child_process';
import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { type Host, localHost } from '@cutover/host';

import { type Figure, milliseconds, UnavailableError } from './figure.ts';

/** Something that keeps a number of idle programs running. */
interface Keeper extends AsyncDisposable {
  /** The processes of the keeper itself, not of what it keeps. */
  processes(): Promise<number[]>;
  /** The process of one of the programs. */
  pid(): Promise<number>;
  status(): Promise<unknown>;
}

type StartKeeper = (count: number) => Promise<Keeper>;

const host: Host = localHost();
const cache = process.env['CUTOVER_BENCH_CACHE'] ?? join(homedir(), '.cache/cutover/bench');
/** Clock ticks of /proc, 100 a second on every Linux of today. */
const tick = 10;
/** How long idleness is watched, in milliseconds. */
const watched = 10_000;

/** Idle, at three and at a hundred programs; how fast they start, how fast one that was killed is back. */
export const loopsFigures: readonly Figure[] = [
  ...[3, 100].flatMap((count) => [
    figure(`cpu-${count}`, 'percent', count, 2, (keeper) => cpu(keeper)),
    figure(`rss-${count}`, 'MB', count, 3, (keeper) => memory(keeper)),
  ]),
  figure('status-100', 'ms', 100, 20, (keeper) => milliseconds(() => keeper.status())),
  figure('mttr', 'ms', 3, 10, (keeper) => timeToReplace(keeper)),
  {
    name: 'start-100',
    unit: 'ms',
    better: 'lower',
    peerName: 'pm2',
    samples: 3,
    warmUp: 1,
    open: async () => {
      const start = (starter: StartKeeper) => async (): Promise<number> => {
        const startedAt = performance.now();
        await using _ = await starter(100);
        return performance.now() - startedAt;
      };
      return {
        ours: start(startLoops),
        peer: (await pm2()) ?? start(startPm2),
        [Symbol.asyncDispose]: async () => {},
      };
    },
  },
];

function figure(
  name: string,
  unit: Figure['unit'],
  count: number,
  samples: number,
  sample: (keeper: Keeper) => Promise<number>,
): Figure {
  return {
    name,
    unit,
    better: 'lower',
    peerName: 'pm2',
    samples,
    warmUp: 1,
    open: async () => {
      const missing = await pm2();
      const ours = await startLoops(count);
      const peer = missing === undefined ? await startPm2(count) : undefined;
      await delay(2000);
      return {
        ours: () => sample(ours),
        peer: missing ?? (async () => (peer === undefined ? NaN : sample(peer))),
        [Symbol.asyncDispose]: async () => {
          await ours[Symbol.asyncDispose]();
          await peer?.[Symbol.asyncDispose]();
        },
      };
    },
  };
}

async function startLoops(count: number): Promise<Keeper> {
  const directory = await mkdtemp(join(tmpdir(), 'bench-loops-'));
  const config = join(directory, 'loops.yaml');
  const names = Array.from({ length: count }, (_, index) => `loop-${index}`);
  const loops = Object.fromEntries(
    names.map((name) => [name, { command: ['sleep', '100000'], restart: { maxDelay: '100ms' } }]),
  );
  await writeFile(config, JSON.stringify({ rig: 'bench', workspace: '.', loops }));
  const command = fileURLToPath(import.meta.resolve('@cutover/loops/bundle'));
  const run = async (...args: string[]): Promise<string> =>
    (await host.run(['node', command, ...args, '--config', config])).stdout;
  const up = spawn('node', [command, 'up', '--config', config], { stdio: 'ignore' });
  const read = async (): Promise<{ loops: { pid?: number }[] }> => JSON.parse(await run('status', '--json'));
  while ((await read()).loops.some(({ pid }) => pid === undefined)) await delay(20);
  const server = Number(
    (
      await host.run([
        'tmux',
        '-N',
        '-S',
        join(directory, '.loops/run/tmux.sock'),
        'display-message',
        '-p',
        '#{pid}',
      ])
    ).stdout,
  );
  return {
    // The supervisor with its two tmux clients, and the tmux server; not the loggers, one small pair a loop.
    processes: async () => [up.pid ?? 0, ...(await children(up.pid ?? 0)), server],
    pid: async () =>
      Number(
        (
          await host.run([
            'tmux',
            '-N',
            '-S',
            join(directory, '.loops/run/tmux.sock'),
            'display-message',
            '-p',
            '-t',
            '=loop-0:',
            '#{pane_pid}',
          ])
        ).stdout,
      ),
    status: read,
    [Symbol.asyncDispose]: async () => {
      await run('down');
      await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function startPm2(count: number): Promise<Keeper> {
  const directory = await mkdtemp(join(tmpdir(), 'bench-pm2-'));
  const ecosystem = join(directory, 'ecosystem.json');
  const apps = Array.from({ length: count }, (_, index) => ({
    name: `loop-${index}`,
    script: 'sleep',
    args: '100000',
    interpreter: 'none',
    restart_delay: 100,
  }));
  await writeFile(ecosystem, JSON.stringify({ apps }));
  const env = { PM2_HOME: join(directory, 'home') };
  await mkdir(env.PM2_HOME);
  const run = async (...args: string[]): Promise<string> =>
    (await host.run([join(cache, 'pm2/node_modules/.bin/pm2'), ...args], { env })).stdout;
  await run('start', ecosystem);
  const list = async (): Promise<{ pid: number }[]> => {
    const text = await run('jlist');
    return JSON.parse(text.slice(text.indexOf('[{')));
  };
  const daemon = Number(await readFile(join(env.PM2_HOME, 'pm2.pid'), 'utf8'));
  return {
    processes: async () => [daemon],
    pid: async () => (await readPids(join(env.PM2_HOME, 'pids')))[0] ?? 0,
    status: list,
    [Symbol.asyncDispose]: async () => {
      await run('kill');
      await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** The processes that pm2 wrote down, by the order of their files' names. */
async function readPids(directory: string): Promise<number[]> {
  const names = (await readdir(directory)).toSorted();
  return Promise.all(names.map(async (name) => Number(await readFile(join(directory, name), 'utf8'))));
}

async function pm2(): Promise<UnavailableError | undefined> {
  try {
    await access(join(cache, 'pm2/node_modules/.bin/pm2'));
    return undefined;
  } catch {
    return new UnavailableError(`pm2 is not there: npm install --prefix ${join(cache, 'pm2')} pm2@6`);
  }
}

/** Percent of one core over a while in which nothing happens. */
async function cpu(keeper: Keeper): Promise<number> {
  const used = async (): Promise<number> => {
    let ticks = 0;
    for (const pid of await keeper.processes()) {
      const text = await readFile(`/proc/${pid}/stat`, 'utf8');
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
      ticks += fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    }
    return ticks * tick;
  };
  const before = await used();
  await delay(watched);
  return ((await used()) - before) / (watched / 100);
}

/** Resident set size, in MB; pages that several share count for each. */
async function memory(keeper: Keeper): Promise<number> {
  let bytes = 0;
  for (const pid of await keeper.processes()) {
    const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
    bytes += Number(/^Rss:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024;
  }
  return bytes / 1e6;
}

async function timeToReplace(keeper: Keeper): Promise<number> {
  const before = await keeper.pid();
  // Shortly after its start each keeper would wait longer.
  await delay(1100);
  return milliseconds(async () => {
    process.kill(before, 'SIGKILL');
    for (;;) {
      const now = await keeper.pid().catch(() => before);
      if (now !== before && now > 0) return;
      await delay(5);
    }
  });
}

async function children(parent: number): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const text = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    if (text.slice(text.lastIndexOf(')') + 2).split(' ')[1] === String(parent)) found.push(Number(name));
  }
  return found;
}
