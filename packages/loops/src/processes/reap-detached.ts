import { readdir, readFile, readlink } from 'node:fs/promises';
import { endProcess } from './end-process.ts';

/** A process as it looks from outside; `undefined` in what could not be read: it is gone, or another user's. */
interface Seen {
  readonly pid: number;
  readonly parent: number;
  readonly hasTerminal: boolean;
  readonly directory: string | undefined;
}

/**
 * Ends what works in a folder without a terminal: what an agent has left there that shed both its session and its
 * environment. A person's shell in there has a terminal.
 *
 * @param spare processes whose children are not touched, nor they themselves: other agents, and the tmux server's own
 * process. This one, and those whose child it is, are never touched.
 * @returns the processes that were ended.
 */
export async function reapDetached(folder: string, spare: readonly number[]): Promise<number[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const seen = (await Promise.all(names.map(look))).flat();
  const ours = ancestors(process.pid, seen);
  const found = seen.filter(({ pid, hasTerminal, directory }) => {
    const isThere = directory === folder || directory?.startsWith(`${folder}/`) === true;
    return isThere && !hasTerminal && !ours.has(pid) && !isChildOf(spare, pid, seen);
  });
  return found.map(({ pid }) => pid).filter((pid) => endProcess(pid, 'SIGKILL'));
}

function isChildOf(parents: readonly number[], pid: number, seen: readonly Seen[]): boolean {
  const chain = ancestors(pid, seen);
  return parents.some((parent) => chain.has(parent));
}

async function look(name: string): Promise<Seen[]> {
  try {
    const stat = await readFile(`/proc/${name}/stat`, 'utf8');
    // A tmux server has no terminal either, and works wherever it was started.
    if (stat.includes('(tmux')) return [];
    // After the process's name: state, ppid, pgrp, session, tty_nr (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const directory = await readlink(`/proc/${name}/cwd`);
    return [{ pid: Number(name), parent: Number(fields[1]), hasTerminal: fields[4] !== '0', directory }];
  } catch {
    // Gone meanwhile, or another user's: not ours in either case.
    return [];
  }
}

function ancestors(pid: number, seen: readonly Seen[]): Set<number> {
  const parents = new Map(seen.map((one) => [one.pid, one.parent]));
  const found = new Set<number>();
  for (let next: number | undefined = pid; next !== undefined && !found.has(next); next = parents.get(next)) {
    found.add(next);
  }
  return found;
}
