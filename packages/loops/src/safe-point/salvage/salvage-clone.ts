import type { Host } from '@cutover/host';
import { git, type GitContext, gitLine } from '../../git/git.ts';
import { cloneContext } from '../../git/clone-context.ts';
import { keepLocally } from './keep-locally.ts';
import type { Kept } from './kept.ts';

/** Where the work of an unsafe clone was kept. */
export interface Salvage extends Kept {
  /** The remote that has the ref too, when pushing was asked for and worked. */
  readonly pushedTo?: string | undefined;
  /** Why it was not pushed. */
  readonly pushProblem?: string | undefined;
}

/** Whether the kept work is pushed, and how long git may take. */
export interface SalvageOptions {
  /** Push the ref to `origin`, or the first remote. Default true. */
  readonly push?: boolean | undefined;
  /** Milliseconds for each git command. Default 60 s. */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Keeps everything that only this clone holds under one new ref, without touching its work tree, index, branches
 * or stash. The ref is there before any remote is asked.
 *
 * @throws {CommandError} not even the ref could be written.
 */
export async function salvageClone(
  host: Host,
  path: string,
  { push = true, timeout = 60_000, signal }: SalvageOptions = {},
): Promise<Salvage> {
  const context = cloneContext(host, path, timeout, signal);
  const kept = await keepLocally(context);
  return { ...kept, ...(push ? await pushSalvage(context, kept.ref) : {}) };
}

/** Pushes a salvage ref, or a pattern of them, to `origin`, or the first remote. */
export async function pushSalvage(
  context: GitContext,
  ref: string,
): Promise<Pick<Salvage, 'pushedTo' | 'pushProblem'>> {
  const remotes = (await gitLine(context, ['remote'])).split('\n').filter((name) => name !== '');
  const remote = remotes.includes('origin') ? 'origin' : remotes[0];
  if (remote === undefined) return { pushProblem: 'the clone has no remote' };
  const pushed = await git(context, ['push', '--quiet', '--no-verify', '--', remote, `${ref}:${ref}`], {
    reject: false,
  });
  return pushed.exitCode === 0 ? { pushedTo: remote } : { pushProblem: pushed.stderr.trim() };
}
