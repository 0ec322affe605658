import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What an agent's progress is recognised by. Any change of one of them is progress. */
export interface ProgressSigns {
  /** Its screen, without what changes while nothing happens. */
  readonly screen: string;
  /** When a ref of its clone last moved, in Unix milliseconds. */
  readonly refs: number;
  /** When it last touched its heartbeat file, in Unix milliseconds. */
  readonly heartbeat: number;
  /** CPU time of its process and all below it, in clock ticks. */
  readonly cpu: number;
  /** The processes below it. */
  readonly children: string;
  /** Answers and results of tools in its transcript; 0 where none is read. */
  readonly steps: number;
  /** Calls of tools in its transcript; 0 where none is read. */
  readonly actions: number;
}

/** An idle agent may redraw its spinner: so few clock ticks (10 ms each) per second are no work. */
const idleTicksPerSecond = 3;

/** Digits, Braille patterns, the asterisks, dots and half circles that turn, and strokes; escaped to stay Latin-1. */
const spinners = /[\d\u2800-\u28FF\u2733\u2736\u273B\u273D\u2722\u00B7\u25D0\u25D3\u25D1\u25D2|/\\-]/gu;

/** Whether something happened between two looks that were `seconds` apart. */
export function progressed(before: ProgressSigns, now: ProgressSigns, seconds: number): boolean {
  return before.screen !== now.screen || before.steps !== now.steps || acted(before, now, seconds);
}

/** Whether what happened is work, and not only words. */
export function acted(before: ProgressSigns, now: ProgressSigns, seconds: number): boolean {
  return (
    before.actions !== now.actions ||
    before.refs !== now.refs ||
    before.heartbeat !== now.heartbeat ||
    before.children !== now.children ||
    now.cpu - before.cpu > idleTicksPerSecond * Math.max(1, seconds)
  );
}

/** A screen without spinners, counters, clocks and the lines that a config calls no progress. */
export function normaliseScreen(lines: readonly string[], ignore: readonly RegExp[]): string {
  const kept = lines
    .filter((line) => !ignore.some((pattern) => pattern.test(line)))
    .map((line) => line.replaceAll(spinners, '').trim())
    .filter((line) => line !== '');
  return createHash('sha1').update(kept.join('\n')).digest('hex');
}

/** A process as the kernel's table shows it. */
export interface TreeProcess {
  readonly pid: number;
  readonly parent: number;
  /** Clock ticks of CPU time, its ended children's included. */
  readonly cpu: number;
}

/** Every process of this machine. */
export async function readProcessTable(): Promise<TreeProcess[]> {
  const table: TreeProcess[] = [];
  for (const name of await readdir('/proc')) {
    if (/^\d+$/.test(name)) table.push(...(await readProcess(Number(name))));
  }
  return table;
}

/** CPU time and children of a process and all below it; with `below` not its own CPU time. */
export function readTree(
  table: readonly TreeProcess[],
  root: number,
  which: 'all' | 'below' = 'all',
): Pick<ProgressSigns, 'cpu' | 'children'> {
  const chosen = new Set([root]);
  for (let size = 0; size !== chosen.size;) {
    size = chosen.size;
    for (const { pid, parent } of table) if (chosen.has(parent)) chosen.add(pid);
  }
  const tree = table.filter(({ pid }) => chosen.has(pid) && (which === 'all' || pid !== root));
  return { cpu: tree.reduce((sum, { cpu }) => sum + cpu, 0), children: tree.map(({ pid }) => pid).join(' ') };
}

/** When a clone's refs last moved, and when the agent last touched its heartbeat file. */
export async function readTouches(
  clone: string | undefined,
  heartbeatFile: string,
): Promise<Pick<ProgressSigns, 'refs' | 'heartbeat'>> {
  return {
    refs: clone === undefined ? 0 : await modified(join(clone, '.git', 'logs', 'HEAD')),
    heartbeat: await modified(heartbeatFile),
  };
}

/** proc_pid_stat(5): after the name come state, ppid …; utime, stime, cutime, cstime are fields 14 to 17. */
async function readProcess(pid: number): Promise<TreeProcess[]> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const cpu = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return [{ pid, parent: Number(fields[1]), cpu }];
  } catch {
    // It ended between the listing and the look.
    return [];
  }
}

async function modified(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    // Nothing there yet: nothing moved.
    return 0;
  }
}
