import { access, readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Something that keeps a number of idle programs running. */
export interface Keeper extends AsyncDisposable {
  /** The processes of the keeper itself, not of what it keeps. */
  processes(): Promise<number[]>;
  /** The processes of the programs, in no order. */
  programs(): Promise<number[]>;
  status(): Promise<unknown>;
}

/** A program that keeps others running, as it is installed here. */
export interface KeeperKind {
  readonly name: string;
  /** What must be there, and how to get it. */
  readonly needs?: { readonly path: string; readonly by: string };
  /** Starts `count` programs and returns once all of them run. */
  start(count: number): Promise<Keeper>;
}

/** Where peers are installed. */
export const peers = process.env['CUTOVER_BENCH_CACHE'] ?? join(homedir(), '.cache/cutover/bench');

/** Why a keeper cannot be measured here; `undefined` when it can. */
export async function missing({ name, needs }: KeeperKind): Promise<string | undefined> {
  if (needs === undefined) return undefined;
  try {
    await access(needs.path);
    return undefined;
  } catch {
    return `${name} is not there: ${needs.by}`;
  }
}

/** The living children of a process. */
export async function children(parent: number): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const text = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    const [state, of] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    if (of === String(parent) && state !== 'Z') found.push(Number(name));
  }
  return found;
}
