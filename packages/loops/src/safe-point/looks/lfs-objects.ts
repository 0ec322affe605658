import type { UnsafeReason } from '../../git/clone-report.ts';
import type { GitContext } from '../../git/git.ts';
import { runLimits } from '../../processes/run-limits.ts';
import type { GitPlaces } from './locate.ts';

/**
 * Objects of git-lfs in a clone whose pushes do not upload them: only its pre-push hook does, so without the hook a
 * pushed commit may point at a file that is only here.
 */
export async function lfsObjects(context: GitContext, { commonDir }: GitPlaces): Promise<UnsafeReason[]> {
  const { host, timeout = 30_000, signal } = context;
  const script =
    'if find "$1/lfs/objects" -type f 2>/dev/null | grep -q . && ! grep -qs git-lfs -- "$2"; then echo only here; fi';
  const hook = await host.run(
    ['git', '-C', context.repository, 'rev-parse', '--path-format=absolute', '--git-path', 'hooks/pre-push'],
    { ...runLimits(timeout, signal), reject: false },
  );
  const { stdout } = await host.run(
    ['sh', '-c', script, 'lfs', commonDir, hook.stdout.trim()],
    runLimits(timeout, signal),
  );
  if (stdout === '') return [];
  return [
    {
      code: 'lfs',
      detail: `${commonDir}/lfs/objects holds files, and no pre-push hook of git-lfs uploads them; upload them with git lfs push --all origin, then git lfs install`,
    },
  ];
}
