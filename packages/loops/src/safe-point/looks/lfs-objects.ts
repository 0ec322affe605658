import { CommandError, type RunResult } from '@cutover/host';
import type { UnsafeReason } from '../../git/clone-report.ts';
import type { GitContext } from '../../git/git.ts';
import { runLimits } from '../../processes/run-limits.ts';
import type { GitPlaces } from './locate.ts';

/**
 * Objects of git-lfs in a clone whose pushes do not upload them: only its pre-push hook does, so without the hook a
 * pushed commit may point at a file that is only here.
 */
export async function lfsObjects(context: GitContext, places: GitPlaces): Promise<UnsafeReason[]> {
  const folder = await folderOfObjects(context, places);
  if (folder === undefined) return [];
  const hook = await askClone(context, [
    'git',
    '-C',
    context.repository,
    'rev-parse',
    '--path-format=absolute',
    '--git-path',
    'hooks/pre-push',
  ]);
  const installed = await askClone(context, ['grep', '-qs', 'git-lfs', '--', hook.stdout.trim()]);
  if (installed.exitCode === 0) return [];
  const detail = `${folder} holds files, and no pre-push hook of git-lfs uploads them; upload them with git lfs push --all origin, then git lfs install`;
  return [{ code: 'lfs', detail }];
}

/** What a salvage lacks of git-lfs: it is pushed without hooks, so its commits may point at files that are only here. */
export async function lfsNotKept(context: GitContext, places: GitPlaces): Promise<string[]> {
  const folder = await folderOfObjects(context, places);
  if (folder === undefined) return [];
  return [`the files in ${folder}, as far as they were never uploaded: git lfs push --all origin`];
}

/** Where the clone has objects of git-lfs; `undefined`: it has none. */
async function folderOfObjects(context: GitContext, { commonDir }: GitPlaces): Promise<string | undefined> {
  const folder = `${commonDir}/lfs/objects`;
  const found = await askClone(context, ['find', folder, '-type', 'f', '-print', '-quit']);
  if (found.exitCode !== 0 && !found.stderr.includes('No such file')) throw new CommandError(found);
  return found.stdout === '' ? undefined : folder;
}

async function askClone(
  { host, timeout = 30_000, signal }: GitContext,
  argv: readonly string[],
): Promise<RunResult> {
  return host.run(argv, { ...runLimits(timeout, signal), env: { LC_ALL: 'C' }, reject: false });
}
