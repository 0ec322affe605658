import { CommandError, type Host } from '@cutover/host';
import { cloneContext } from '../git/clone-context.ts';
import type { CloneReport } from '../git/clone-report.ts';
import { within } from './inspect-within.ts';
import { readStatus, statusReasons } from './read-status.ts';

/**
 * A quick look at a clone, one git command: only what it calls unsafe is sure. It asks no remote.
 *
 * @param milliseconds how long it may take at most.
 */
export async function glanceAtClone(
  host: Host,
  path: string,
  milliseconds: number,
  signal: AbortSignal | undefined,
): Promise<CloneReport> {
  return within(path, milliseconds, signal, async (either) => {
    const nothing = { path, unpushed: 0, stashes: 0, changed: [] };
    try {
      const status = await readStatus(cloneContext(host, path, 30_000, either));
      const reasons = statusReasons(status);
      if (status.ahead > 0) {
        reasons.push({ code: 'unpushed', detail: `${status.ahead} commits are not on ${status.upstream}` });
      }
      return { ...nothing, safe: reasons.length === 0, reasons };
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      return { ...nothing, safe: false, reasons: [{ code: 'unknown', detail: error.message }] };
    }
  });
}
