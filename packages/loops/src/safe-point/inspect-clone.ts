import { CommandError, CommandTimeoutError, type Host } from '@cutover/host';
import type { CloneReport, UnsafeReason } from '../git/clone-report.ts';
import { git, type GitContext, gitLine } from '../git/git.ts';
import { parseStatus, type StatusReport } from './parse-status.ts';
import { runLimits } from '../processes/run-limits.ts';

export interface InspectOptions {
  /** Ask the remotes first, so that what the clone believes of them is true. Default true. */
  readonly fetch?: boolean | undefined;
  /** Milliseconds for each git command. Default 30 s. */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Files in the git directory that say that something is under way (git's wt-status.c looks at the same). */
const inProgress = [
  'MERGE_HEAD',
  'rebase-merge',
  'rebase-apply',
  'CHERRY_PICK_HEAD',
  'REVERT_HEAD',
  'BISECT_LOG',
  'sequencer',
] as const;
const locks = ['index.lock', 'HEAD.lock', 'config.lock', 'packed-refs.lock', 'shallow.lock'] as const;

/**
 * Looks at a clone without changing anything in its tree or index: whether it holds anything that is nowhere else,
 * or is in the middle of something.
 *
 * @throws {HostConnectionError} the host could not be asked; nothing is known then.
 */
export async function inspectClone(
  host: Host,
  path: string,
  options: InspectOptions = {},
): Promise<CloneReport> {
  const { timeout = 30_000, signal } = options;
  const context: GitContext = {
    host,
    repository: path,
    timeout,
    signal,
  };
  const paths = await gitPaths(context);
  if (paths === undefined) {
    return {
      path,
      safe: false,
      reasons: [{ code: 'not-a-clone', detail: `${path} is not the work tree of a git clone` }],
      unpushed: 0,
      stashes: 0,
      changed: [],
    };
  }
  const fetchProblem = options.fetch === false ? undefined : await fetchRemotes(context);
  const [present, statusResult, unpushed, worktrees, modules] = await Promise.all([
    existing(context, paths),
    git(context, ['status', '--porcelain=v2', '--branch', '--show-stash', '--untracked-files=all', '-z']),
    countUnpushed(context),
    git(context, ['worktree', 'list', '--porcelain']),
    unpushedModules(context),
  ]);
  const status = parseStatus(statusResult.stdout);
  const reasons = [
    ...(fetchProblem === undefined ? [] : [fetchProblem]),
    ...fileReasons(present),
    ...statusReasons(status),
    ...(unpushed === 0
      ? []
      : [{ code: 'unpushed' as const, detail: `${unpushed} commits are on no remote` }]),
    ...worktreeReasons(worktrees.stdout),
    ...modules,
  ];
  return {
    path,
    safe: reasons.length === 0,
    reasons,
    head: status.head,
    branch: status.branch,
    upstream: status.upstream,
    unpushed,
    stashes: status.stashes,
    changed: [...status.changed, ...status.untracked, ...status.conflicts, ...status.submodules].slice(
      0,
      100,
    ),
  };
}

/** Where git keeps each of the files in question, in this clone or work tree; `undefined` when it is none. */
async function gitPaths(context: GitContext): Promise<Map<string, string> | undefined> {
  const names = [...inProgress, ...locks];
  const result = await git(
    context,
    [
      'rev-parse',
      '--path-format=absolute',
      '--is-inside-work-tree',
      ...names.flatMap((name) => ['--git-path', name]),
    ],
    { reject: false },
  );
  const [inside, ...paths] = result.stdout.trimEnd().split('\n');
  if (result.exitCode !== 0 || inside !== 'true') return undefined;
  return new Map(names.map((name, index) => [name, paths[index] ?? '']));
}

async function existing(context: GitContext, paths: ReadonlyMap<string, string>): Promise<Set<string>> {
  const { host, timeout = 30_000, signal } = context;
  const result = await host.run(['find', ...paths.values(), '-maxdepth', '0', '-print0'], {
    ...runLimits(timeout, signal),
    reject: false,
  });
  const found = new Set(result.stdout.split('\0'));
  return new Set([...paths].filter(([, path]) => found.has(path)).map(([name]) => name));
}

async function fetchRemotes(context: GitContext): Promise<UnsafeReason | undefined> {
  try {
    await git(context, [
      'fetch',
      '--all',
      '--quiet',
      '--prune',
      '--no-auto-maintenance',
      '--no-write-fetch-head',
    ]);
    return undefined;
  } catch (error) {
    if (!(error instanceof CommandError || error instanceof CommandTimeoutError)) throw error;
    return { code: 'fetch-failed', detail: error.message };
  }
}

/** Branches alone would miss the commits of a detached HEAD; notes and the like are no work of an agent. */
async function countUnpushed(context: GitContext): Promise<number> {
  const result = await git(
    context,
    ['rev-list', '--count', 'HEAD', '--branches', '--tags', '--not', '--remotes'],
    { reject: false },
  );
  // Without a first commit there is no HEAD to count from, and nothing to lose.
  return result.exitCode === 0 ? Number(result.stdout) : 0;
}

async function unpushedModules(context: GitContext): Promise<UnsafeReason[]> {
  const modules = await git(context, ['config', '--file', '.gitmodules', '--list'], { reject: false });
  if (modules.exitCode !== 0) return [];
  const list = await gitLine(context, ['submodule', 'status', '--recursive']);
  const reasons: UnsafeReason[] = [];
  for (const line of list.split('\n')) {
    const [, flag = '', , path = ''] = /^(.)([0-9a-f]+) (.+?)(?: \(.*\))?$/.exec(line) ?? [];
    if (path === '' || flag === '-') continue;
    const inside = { ...context, repository: `${context.repository}/${path}` };
    const [dirty, unpushed] = await Promise.all([
      gitLine(inside, ['status', '--porcelain']),
      countUnpushed(inside),
    ]);
    if (dirty !== '') reasons.push({ code: 'submodule', detail: `${path} has changes` });
    if (unpushed > 0)
      reasons.push({ code: 'submodule', detail: `${path} has ${unpushed} commits on no remote` });
  }
  return reasons;
}

function fileReasons(present: ReadonlySet<string>): UnsafeReason[] {
  return [
    ...locks.filter((name) => present.has(name)).map((name) => ({ code: 'locked' as const, detail: name })),
    ...inProgress
      .filter((name) => present.has(name))
      .map((name) => ({ code: 'in-progress' as const, detail: name })),
  ];
}

function statusReasons(status: StatusReport): UnsafeReason[] {
  const reasons: UnsafeReason[] = [];
  const list = (code: UnsafeReason['code'], paths: readonly string[]): void => {
    if (paths.length > 0) reasons.push({ code, detail: paths.slice(0, 10).join(', ') });
  };
  list('dirty', status.changed);
  list('untracked', status.untracked);
  list('conflict', status.conflicts);
  list('submodule', status.submodules);
  if (status.stashes > 0) reasons.push({ code: 'stash', detail: `${status.stashes} in the stash` });
  if (status.branch === undefined)
    reasons.push({ code: 'detached', detail: `HEAD is at ${status.head ?? 'nothing'}` });
  else if (status.upstream === undefined)
    reasons.push({ code: 'no-upstream', detail: `${status.branch} follows no branch of a remote` });
  else if (!status.upstreamExists)
    reasons.push({ code: 'upstream-gone', detail: `${status.upstream} is gone` });
  return reasons;
}

/** A further work tree has a tree and an index of its own, which the clone's status does not show. */
function worktreeReasons(list: string): UnsafeReason[] {
  const trees = list.split('\n').filter((line) => line.startsWith('worktree '));
  return trees.slice(1).map((line) => ({ code: 'worktree', detail: line.slice('worktree '.length) }));
}
