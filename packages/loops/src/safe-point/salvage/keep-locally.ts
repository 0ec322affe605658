import { randomUUID } from 'node:crypto';
import { CommandError, CommandTimeoutError } from '@cutover/host';
import { git, type GitContext, gitLine } from '../../git/git.ts';
import { LoopsError } from '../../errors.ts';
import { lfsNotKept } from '../looks/lfs-objects.ts';
import { locate } from '../looks/locate.ts';
import { furtherWorktrees } from '../looks/worktrees.ts';
import { commitTree, joinCommits } from './commits.ts';
import { historyTips, namedObjects } from './history.ts';
import type { Kept } from './kept.ts';
import { keepNested } from './nested.ts';
import { type Snapshot, snapshotTree } from './snapshot.ts';

/** Keeps what only this clone holds under a new ref in it; no remote is asked, and nothing of its own is touched. */
export async function keepLocally(context: GitContext): Promise<Kept> {
  const id = `${new Date().toISOString().replaceAll(/[:.]/g, '-')}-${randomUUID().slice(0, 8)}`;
  const places = await locate(context);
  if ('code' in places) throw new LoopsError('SALVAGE_FAILED', `nothing was kept: ${places.detail}`);
  const notKept: string[] = [];
  /** What fails is named, and the rest is kept. */
  const attempt = async <T>(what: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (
        !(
          error instanceof CommandError ||
          error instanceof CommandTimeoutError ||
          error instanceof LoopsError
        )
      )
        throw error;
      notKept.push(`${what}: ${error.message}`);
      return undefined;
    }
  };
  const snapshot = async (inside: GitContext, name: string): Promise<Snapshot | undefined> => {
    const taken = await attempt(`the work tree ${inside.repository}`, () => snapshotTree(inside, name));
    notKept.push(...(taken?.notKept ?? []));
    return taken;
  };
  const keepInside = async (inside: GitContext): Promise<Kept> => {
    const kept = await keepLocally(inside);
    notKept.push(...kept.notKept.map((what) => `${inside.repository}: ${what}`));
    return kept;
  };
  const [here, ...found] = await Promise.all([
    snapshot(context, id),
    attempt('the index', () => indexCommit(context)),
    attempt('HEAD and the refs', () => historyTips(context, notKept)),
    attempt('tags and other named objects', () => namedObjects(context)),
    attempt('the further work trees', () => worktreeCommits(context, id, snapshot)),
  ]);
  const inside = await attempt('the repositories inside', () =>
    keepNested(context, places, here?.nested ?? [], keepInside, attempt),
  );
  const parents = [...found, inside].flatMap((commits) => commits ?? []);
  const tree = here?.tree ?? (await gitLine(context, ['mktree'], { input: '' }));
  const commit = await joinCommits(context, tree, [...new Set(parents)], `Salvage of ${context.repository}`);
  const ref = `refs/salvage/${id}`;
  await git(context, ['update-ref', ref, commit, '']);
  const lfs = (await attempt('objects of git-lfs', () => lfsNotKept(context, places))) ?? [];
  return { ref, commit, notKept: [...notKept, ...lfs] };
}

/** What was staged. An index with conflicts cannot be written; all of it is in the work tree and the refs. */
async function indexCommit(context: GitContext): Promise<string[]> {
  const unmerged = await gitLine(context, ['ls-files', '--unmerged']);
  if (unmerged !== '') return [];
  const tree = await gitLine(context, ['write-tree']);
  return [await commitTree(context, tree, [], 'Salvage of the index')];
}

/** What is in the work trees beside this one. */
async function worktreeCommits(
  context: GitContext,
  id: string,
  snapshot: (inside: GitContext, name: string) => Promise<Snapshot | undefined>,
): Promise<string[]> {
  const commits: string[] = [];
  for (const [index, path] of (await furtherWorktrees(context)).entries()) {
    const taken = await snapshot({ ...context, repository: path }, `${id}-${index}`);
    if (taken !== undefined) commits.push(await commitTree(context, taken.tree, [], `Salvage of ${path}`));
  }
  return commits;
}
