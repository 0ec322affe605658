import type { Host } from '@cutover/host';
import type { GitContext } from './git.ts';

/**
 * Git as a clone is looked at and kept: whatever its config says, no hook runs, no monitor is asked what changed, all that
 * tells a changed file is looked at, and nothing else is fetched or followed than is asked for.
 */
const settings = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.untrackedCache=false',
  'core.trustctime=true',
  'core.checkStat=default',
  'core.useReplaceRefs=false',
  'core.ignoreCase=false',
  'submodule.recurse=false',
  'fetch.recurseSubmodules=false',
  'gc.auto=0',
];

/** The context of a look at the clone at `repository`. */
export function cloneContext(
  host: Host,
  repository: string,
  timeout: number,
  signal: AbortSignal | undefined,
): GitContext {
  return { host, repository, timeout, signal, settings };
}
