import type { UnsafeReason } from '../../git/clone-report.ts';
import { git, type GitContext } from '../../git/git.ts';

/** Where a clone keeps what is its own, and what it shares with its other work trees. */
export interface GitPlaces {
  readonly gitDir: string;
  readonly commonDir: string;
}

/** Finds the git directory of a clone, or why it is not one. */
export async function locate(context: GitContext): Promise<GitPlaces | UnsafeReason> {
  const { repository } = context;
  const result = await git(
    context,
    [
      'rev-parse',
      '--path-format=absolute',
      '--is-inside-work-tree',
      '--absolute-git-dir',
      '--git-common-dir',
      '--show-prefix',
    ],
    { reject: false },
  );
  const [inside, gitDir = '', commonDir = '', prefix = ''] = result.stdout.split('\n');
  if (result.exitCode === 0 && inside === 'true' && prefix === '') return { gitDir, commonDir };
  const notOne = `${repository} is not the work tree of a git clone`;
  if (result.exitCode === 0) {
    return { code: 'not-a-clone', detail: prefix === '' ? notOne : `${notOne}: it lies in another one` };
  }
  if (/not a git repository|cannot change to/.test(result.stderr))
    return { code: 'not-a-clone', detail: notOne };
  const unsafeOwner = result.stderr.includes('dubious ownership');
  const detail = unsafeOwner
    ? `${repository} belongs to another user, so git does not look at it; allow it with git config --global --add safe.directory ${repository}`
    : `git cannot read ${repository}: ${result.stderr.trim()}`;
  return { code: 'unknown', detail };
}
