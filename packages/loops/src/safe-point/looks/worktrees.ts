import type { UnsafeReason } from '../../git/clone-report.ts';
import { type GitContext, gitLine } from '../../git/git.ts';

/** The further work trees of a clone whose folders are there, as `git worktree list` has them. */
export async function furtherWorktrees(context: GitContext): Promise<string[]> {
  const list = await gitLine(context, ['worktree', 'list', '--porcelain']);
  return list
    .split('\n\n')
    .slice(1)
    .filter((entry) => !/^prunable/m.test(entry))
    .flatMap((entry) => /^worktree (.*)$/m.exec(entry)?.[1] ?? []);
}

/** A further work tree has a tree and an index of its own, which the clone's status does not show. */
export async function worktreeReasons(context: GitContext): Promise<UnsafeReason[]> {
  return (await furtherWorktrees(context)).map((detail) => ({ code: 'worktree', detail }));
}
