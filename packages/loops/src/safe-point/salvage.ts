import { randomUUID } from 'node:crypto';
import type { Host } from '@cutover/host';
import { git, type GitContext, gitLine } from '../git/git.ts';

/** Where the work of an unsafe clone was kept. */
export interface Salvage {
  /** The ref in the clone, e.g. `refs/salvage/2026-05-31T12-00-00Z-1a2b3c4d`. */
  readonly ref: string;
  /**
   * Holds the work tree with its untracked files; its parents hold HEAD, the index, every branch and the stash.
   * Ignored files are not in it.
   */
  readonly commit: string;
  /** The remote that has the ref too, when pushing was asked for and worked. */
  readonly pushedTo?: string | undefined;
  /** Why it was not pushed. */
  readonly pushProblem?: string | undefined;
}

export interface SalvageOptions {
  /** Push the ref to `origin`, or the first remote. Default true. */
  readonly push?: boolean | undefined;
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Keeps everything that only this clone holds under one new ref, without touching its work tree, index, branches
 * or stash.
 */
export async function salvageClone(host: Host, path: string, options: SalvageOptions = {}): Promise<Salvage> {
  const { push = true, timeout = 60_000, signal } = options;
  const context: GitContext = {
    host,
    repository: path,
    timeout,
    signal,
  };
  const id = `${new Date().toISOString().replaceAll(/[:.]/g, '-')}-${randomUUID().slice(0, 8)}`;
  const ref = `refs/salvage/${id}`;
  const parents = [...(await indexCommit(context)), ...(await tips(context))];
  const tree = await workTree(context, id);
  const commit = await commitTree(context, tree, [...new Set(parents)], `Salvage ${path}`);
  await git(context, ['update-ref', ref, commit, '']);
  return { ref, commit, ...(push ? await pushRef(context, ref) : {}) };
}

/** The work tree, through an index of our own: the clone's may be locked, or in the middle of a merge. */
async function workTree(context: GitContext, id: string): Promise<string> {
  const index = await gitLine(context, [
    'rev-parse',
    '--path-format=absolute',
    '--git-path',
    `salvage-${id}`,
  ]);
  const env = { GIT_INDEX_FILE: index };
  try {
    await git(context, ['add', '--all', '--ignore-errors', '--', ':/'], { env, reject: false });
    return await gitLine(context, ['write-tree'], { env });
  } finally {
    await context.host.run(['rm', '-f', '--', index], { timeout: 20_000 });
  }
}

/** What was staged, when that can be written: an index with conflicts cannot. */
async function indexCommit(context: GitContext): Promise<string[]> {
  const tree = await git(context, ['write-tree'], { reject: false });
  return tree.exitCode === 0
    ? [await commitTree(context, tree.stdout.trim(), [], 'Salvage of the index')]
    : [];
}

/** Every commit that a ref of this clone alone may keep: HEAD, branches, tags, stash entries, an unfinished merge. */
async function tips(context: GitContext): Promise<string[]> {
  const lists = await Promise.all([
    git(context, ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], { reject: false }),
    git(context, ['rev-list', '--no-walk', '--branches', '--tags', '--not', '--remotes'], { reject: false }),
    git(context, ['rev-list', '--walk-reflogs', 'refs/stash'], { reject: false }),
    ...['MERGE_HEAD', 'CHERRY_PICK_HEAD', 'REVERT_HEAD', 'ORIG_HEAD'].map((name) =>
      git(context, ['rev-parse', '--verify', '--quiet', `${name}^{commit}`], { reject: false }),
    ),
  ]);
  return lists
    .filter(({ exitCode }) => exitCode === 0)
    .flatMap(({ stdout }) => stdout.split('\n').filter((line) => line !== ''));
}

async function commitTree(
  context: GitContext,
  tree: string,
  parents: readonly string[],
  message: string,
): Promise<string> {
  return gitLine(context, ['commit-tree', tree, ...parents.flatMap((parent) => ['-p', parent])], {
    input: `${message}\n`,
  });
}

async function pushRef(
  context: GitContext,
  ref: string,
): Promise<{ pushedTo: string } | { pushProblem: string }> {
  const remotes = (await gitLine(context, ['remote'])).split('\n').filter((name) => name !== '');
  const remote = remotes.includes('origin') ? 'origin' : remotes[0];
  if (remote === undefined) return { pushProblem: 'the clone has no remote' };
  const pushed = await git(context, ['push', '--quiet', '--no-verify', '--', remote, `${ref}:${ref}`], {
    reject: false,
  });
  return pushed.exitCode === 0 ? { pushedTo: remote } : { pushProblem: pushed.stderr.trim() };
}
