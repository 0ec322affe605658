import { randomUUID } from 'node:crypto';
import type { UnsafeReason } from '../../git/clone-report.ts';
import { git, type GitContext, gitRecords } from '../../git/git.ts';
import { runLimits } from '../../processes/run-limits.ts';
import type { GitPlaces } from './locate.ts';

/**
 * Changes of files that the index is told not to look at (assume-unchanged, skip-worktree, sparse): seen in a copy of
 * the index in which it is not told so. A file that is merely absent is in a commit.
 */
export async function hiddenChanges(context: GitContext, { gitDir }: GitPlaces): Promise<UnsafeReason[]> {
  const listed = await gitRecords(context, ['ls-files', '-v', '-z']);
  const hidden = listed.filter((record) => /^[a-zS] /.test(record)).map((record) => record.slice(2));
  if (hidden.length === 0) return [];
  const { host, timeout = 30_000, signal } = context;
  const index = `${gitDir}/look-${randomUUID()}`;
  try {
    await host.run(['cp', '--', `${gitDir}/index`, index], runLimits(timeout, signal));
    const env = { GIT_INDEX_FILE: index };
    const input = `${hidden.join('\0')}\0`;
    for (const flag of ['--no-assume-unchanged', '--no-skip-worktree']) {
      await git(context, ['update-index', '-z', flag, '--stdin'], { env, input });
    }
    const changes = await gitRecords(
      context,
      ['diff-files', '--name-status', '--ignore-submodules=none', '-z'],
      {
        env,
      },
    );
    const paths = changes.flatMap((status, at) =>
      at % 2 === 0 && status !== 'D' ? [changes[at + 1] ?? ''] : [],
    );
    const found = paths.filter((path) => hidden.includes(path));
    return found.length === 0 ? [] : [{ code: 'hidden', detail: found.slice(0, 10).join(', ') }];
  } finally {
    await host.run(['rm', '-f', '--', index], { timeout: 20_000 });
  }
}
