import { CommandError, CommandTimeoutError } from '@cutover/host';
import type { UnsafeReason } from '../../git/clone-report.ts';
import { git, type GitContext, gitLine } from '../../git/git.ts';

/** What the remotes of a clone hold. */
export interface RemoteHoldings {
  readonly names: readonly string[];
  /** Every object that a ref of a remote points at, as the remotes themselves say; `undefined` when they were not asked. */
  readonly objects: ReadonlySet<string> | undefined;
  readonly problems: readonly UnsafeReason[];
}

/** The remotes as the clone has them, itself left out; what its tracking refs say of them may be old. */
export async function namedRemotes(context: GitContext): Promise<RemoteHoldings> {
  const listed = await gitLine(context, ['remote', '--verbose']);
  const names: string[] = [];
  for (const [, name = '', address = ''] of listed.matchAll(/^(\S+)\t(.*) \(fetch\)/gm)) {
    if (!(await isItself(context, address))) names.push(name);
  }
  return { names, objects: undefined, problems: [] };
}

/** Whether a remote's address leads to the very repository that asks: all that is only here would be there as well. */
async function isItself(context: GitContext, address: string): Promise<boolean> {
  const path = address.replace(/^file:\/\//, '');
  if (/^[^/]*:/.test(path)) return false;
  const places = await Promise.all(
    [[], ['-C', path]].map((where) =>
      git(
        where.length === 0 ? context : { ...context, gitDir: undefined },
        [...where, 'rev-parse', '--path-format=absolute', '--git-common-dir'],
        { reject: false },
      ),
    ),
  );
  const [own, other] = places.map(({ exitCode, stdout }) => (exitCode === 0 ? stdout.trim() : undefined));
  return own !== undefined && own === other;
}

/**
 * Asks each remote for every ref that it has, and fetches from it. A tracking ref would not do: it may be of a remote
 * that is no more, or of a branch that no fetch renews.
 */
export async function askRemotes(context: GitContext): Promise<RemoteHoldings> {
  const { names } = await namedRemotes(context);
  const objects = new Set<string>();
  const problems: UnsafeReason[] = [];
  // One after the other: two fetches at once would be in each other's way.
  for (const remote of names) {
    try {
      const [refs] = await Promise.all([
        gitLine(context, ['ls-remote', '--', remote]),
        fetch(context, remote),
      ]);
      for (const line of refs.split('\n')) objects.add(line.split('\t', 1)[0] ?? '');
    } catch (error) {
      if (!(error instanceof CommandError || error instanceof CommandTimeoutError)) throw error;
      problems.push({ code: 'fetch-failed', detail: error.message });
    }
  }
  objects.delete('');
  return { names, objects, problems };
}

async function fetch(context: GitContext, remote: string): Promise<void> {
  await git(context, [
    'fetch',
    '--quiet',
    '--prune',
    '--no-auto-maintenance',
    '--no-write-fetch-head',
    '--',
    remote,
  ]);
}
