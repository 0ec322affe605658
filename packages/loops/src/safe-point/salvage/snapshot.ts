import { CommandTimeoutError } from '@cutover/host';
import { runLimits } from '../../processes/run-limits.ts';
import { git, type GitContext, gitLine, gitRecords } from '../../git/git.ts';

/** A work tree as it is now. */
export interface Snapshot {
  readonly tree: string;
  /** Repositories in it, relative to it, of which the tree holds a commit's name at most. */
  readonly nested: readonly string[];
  readonly notKept: readonly string[];
}

/** How long what was made for the snapshot may take to be removed, in milliseconds: no deadline waits for more. */
const removalPatience = 2000;

/** The share of the time for a git command that the filters of a clone may take. */
const filterShare = 4;

/**
 * The work tree with its untracked files as a tree, through an index of our own: the clone's may be locked, or in the
 * middle of a merge. Where its filters (of git-lfs, for example) hang or fail, the files are kept without them.
 */
export async function snapshotTree(context: GitContext, id: string): Promise<Snapshot> {
  const sparse = [...(context.settings ?? []), 'core.sparseCheckout=false'];
  const whole = { ...context, settings: sparse };
  const index = await gitLine(context, [
    'rev-parse',
    '--path-format=absolute',
    '--git-path',
    `salvage-${id}`,
  ]);
  const env = { GIT_INDEX_FILE: index };
  const remove = ['rm', '-f', '--', `${index}.lock`];
  try {
    const inTime = { ...whole, timeout: Math.ceil((context.timeout ?? 30_000) / filterShare) };
    let left = (await addAll(inTime, env)) ? await leftOut(whole, env) : undefined;
    if (left === undefined || left.length > 0) {
      await context.host.run(remove, runLimits(context.timeout ?? removalPatience, context.signal));
      await addAll({ ...whole, settings: [...sparse, ...(await withoutFilters(context))] }, env);
      left = await leftOut(whole, env);
    }
    const staged = await gitRecords(whole, ['ls-files', '--stage', '-z'], { env });
    const links = staged
      .filter((one) => one.startsWith('160000 '))
      .map((one) => one.slice(one.indexOf('\t') + 1));
    const files = left.filter((path) => !path.endsWith('/'));
    return {
      tree: await gitLine(whole, ['write-tree'], { env }),
      nested: [...links, ...left.filter((path) => path.endsWith('/')).map((path) => path.slice(0, -1))],
      notKept: files.length === 0 ? [] : [`files that cannot be read: ${files.slice(0, 10).join(', ')}`],
    };
  } finally {
    // Also when the time for all else is over.
    await context.host.run([...remove, index], { timeout: removalPatience });
  }
}

/** @returns false when it took too long. */
async function addAll(context: GitContext, env: Record<string, string>): Promise<boolean> {
  try {
    await git(context, ['add', '--all', '--ignore-errors', '--', ':/'], { env, reject: false });
    return true;
  } catch (error) {
    if (error instanceof CommandTimeoutError) return false;
    throw error;
  }
}

/** What an index lacks of the work tree: files, and with a slash at their end repositories without a commit. */
async function leftOut(context: GitContext, env: Record<string, string>): Promise<string[]> {
  return gitRecords(context, ['ls-files', '--others', '--exclude-standard', '-z'], { env });
}

/** Settings that turn off every filter that the config of a clone knows. */
async function withoutFilters(context: GitContext): Promise<string[]> {
  const found = await git(context, ['config', '-z', '--name-only', '--get-regexp', '^filter\\.'], {
    reject: false,
  });
  const names = found.stdout.split('\0').map((key) => /^filter\.(.*)\.[^.]+$/.exec(key)?.[1]);
  return [...new Set(names)].flatMap((name) =>
    name === undefined
      ? []
      : [`filter.${name}.clean=`, `filter.${name}.process=`, `filter.${name}.required=false`],
  );
}
