import type { UnsafeReason } from '../git/clone-report.ts';
import { git, type GitContext } from '../git/git.ts';
import { parseStatus, type StatusReport } from './parse-status.ts';

/** What `git status` says of a clone. */
export async function readStatus(context: GitContext): Promise<StatusReport> {
  const { stdout } = await git(context, [
    'status',
    '--porcelain=v2',
    '--branch',
    '--show-stash',
    '--untracked-files=all',
    '--ignore-submodules=none',
    '-z',
  ]);
  return parseStatus(stdout);
}

/** What of it is a reason not to call the clone safe. */
export function statusReasons(status: StatusReport): UnsafeReason[] {
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
