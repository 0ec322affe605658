import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { localHost } from '@cutover/host';
import { type Figure, milliseconds, UnavailableError } from './figure.ts';
import { type Keeper, type KeeperKind, missing } from './keepers/keeper.ts';
import { loops } from './keepers/loops.ts';
import { pm2 } from './keepers/pm2.ts';
import { processCompose } from './keepers/process-compose.ts';
import { supervisord } from './keepers/supervisord.ts';

/** Clock ticks of /proc, 100 a second on every Linux of today. */
const tick = 10;
/** How long idleness is watched, in milliseconds, and how long after the start it begins. */
const watched = 10_000;
const settled = 20_000;
/** Our peer in the curve from 1 to 200 programs. */
const curvePeer = pm2;
const curve = [1, 10, 30, 200];

/** Idle, at three and at a hundred programs; how fast they start, how fast one that was killed is back. */
export const loopsFigures: readonly Figure[] = [
  ...[pm2, supervisord, processCompose].flatMap((peer) => [
    ...[3, 100].flatMap((count) => idle(count, peer)),
    figure('status-100', 'ms', 100, 20, peer, (keeper) => milliseconds(() => keeper.status())),
    figure('mttr', 'ms', 3, 10, peer, timeToReplace),
    start(100, peer),
  ]),
  statusBesideNode(),
  ...curve.flatMap((count) => [...idle(count, curvePeer), start(count, curvePeer)]),
];

function idle(count: number, peer: KeeperKind): Figure[] {
  return [
    figure(`cpu-${count}`, 'percent', count, 2, peer, cpu, settled),
    figure(`rss-${count}`, 'MB', count, 3, peer, memory, settled),
  ];
}

function figure(
  name: string,
  unit: Figure['unit'],
  count: number,
  samples: number,
  peer: KeeperKind,
  sample: (keeper: Keeper) => Promise<number>,
  pause = 2000,
): Figure {
  return {
    name,
    unit,
    better: 'lower',
    peerName: peer.name,
    samples,
    warmUp: 1,
    open: async () => {
      const why = await missing(peer);
      const ours = await loops.start(count);
      const theirs = why === undefined ? await peer.start(count) : undefined;
      await delay(pause);
      return {
        ours: () => sample(ours),
        peer: theirs === undefined ? new UnavailableError(why ?? '') : () => sample(theirs),
        [Symbol.asyncDispose]: async () => {
          await ours[Symbol.asyncDispose]();
          await theirs?.[Symbol.asyncDispose]();
        },
      };
    },
  };
}

/** `status-100` beside the start of Node alone, of which it cannot be rid. */
function statusBesideNode(): Figure {
  return {
    name: 'status-100',
    unit: 'ms',
    better: 'lower',
    peerName: 'node -e 0',
    samples: 60,
    open: async () => {
      const rig = await loops.start(100);
      const host = localHost();
      await delay(settled);
      return {
        ours: () => milliseconds(() => rig.status()),
        peer: () => milliseconds(() => host.run(['node', '-e', '0'])),
        [Symbol.asyncDispose]: async () => rig[Symbol.asyncDispose](),
      };
    },
  };
}

/** Until all programs run, from nothing. */
function start(count: number, peer: KeeperKind): Figure {
  return {
    name: `start-${count}`,
    unit: 'ms',
    better: 'lower',
    peerName: peer.name,
    samples: 3,
    warmUp: 1,
    open: async () => {
      const why = await missing(peer);
      const time = (kind: KeeperKind) => async (): Promise<number> => {
        const startedAt = performance.now();
        await using _ = await kind.start(count);
        return performance.now() - startedAt;
      };
      return {
        ours: time(loops),
        peer: why === undefined ? time(peer) : new UnavailableError(why),
        [Symbol.asyncDispose]: async () => {},
      };
    },
  };
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
  // Shortly after its start each keeper would wait longer.
  await delay(1100);
  const before = await keeper.programs();
  const [victim = 0] = before;
  return milliseconds(async () => {
    process.kill(victim, 'SIGKILL');
    for (;;) {
      const now = await keeper.programs();
      if (now.length === before.length && now.some((pid) => !before.includes(pid))) return;
      await delay(5);
    }
  });
}
