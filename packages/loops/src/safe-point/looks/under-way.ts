import type { UnsafeReason } from '../../git/clone-report.ts';
import type { GitContext } from '../../git/git.ts';
import { runLimits } from '../../processes/run-limits.ts';
import type { GitPlaces } from './locate.ts';

/** Files in the git directory that say that something is under way (git's wt-status.c looks at the same). */
const inProgress = new Set([
  'MERGE_HEAD',
  'MERGE_AUTOSTASH',
  'rebase-merge',
  'rebase-apply',
  'CHERRY_PICK_HEAD',
  'REVERT_HEAD',
  'BISECT_LOG',
  'sequencer',
]);
/** Folders in which no lock of git's lies, or those of other repositories. */
const others = ['objects', 'modules', 'lfs', 'hooks', 'worktrees', 'annex'];

/** What the keeping of the same clone makes, beside the look. */
const ofSalvage = /^(?:refs\/salvage\/|salvage-)/;

/** What is under way in a clone, and which locks are held: also that of a single ref. */
export async function underWay(
  context: GitContext,
  { gitDir, commonDir }: GitPlaces,
): Promise<UnsafeReason[]> {
  const pruned = others.flatMap((name, index) => (index === 0 ? ['-name', name] : ['-o', '-name', name]));
  const folders = [...new Set([gitDir, commonDir])];
  const { stdout } = await context.host.run(
    ['find', ...folders, '-mindepth', '1', '(', ...pruned, ')', '-prune', '-o', '-printf', String.raw`%P\0`],
    runLimits(context.timeout ?? 30_000, context.signal),
  );
  const names = [...new Set(stdout.split('\0'))];
  return [
    ...names
      .filter((name) => name.endsWith('.lock') && !ofSalvage.test(name))
      .map((name) => ({ code: 'locked' as const, detail: name })),
    ...names
      .filter((name) => inProgress.has(name))
      .map((name) => ({ code: 'in-progress' as const, detail: name })),
  ];
}
