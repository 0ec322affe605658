import { type Host, HostConnectionError } from '@cutover/host';
import type { CloneReport } from '../git/clone-report.ts';
import { cloneContext } from '../git/clone-context.ts';
import { git, type GitContext } from '../git/git.ts';
import type { Deadline } from './deadline.ts';
import { inspectWithin } from './inspect-within.ts';
import type { QuiescedClone, QuiesceOptions } from './quiesce-report.ts';
import { keepLocally } from './salvage/keep-locally.ts';
import type { Kept } from './salvage/kept.ts';
import { pushSalvage, type Salvage } from './salvage/salvage-clone.ts';

/** However late it is, what a clone holds is looked for and kept in it for so many milliseconds a command. */
const leastForKeeping = 2000;

/**
 * What a clone holds once its rig was stopped. What may not be safe is kept in it at once; the remotes are asked and
 * pushed to afterwards, with what is left of the deadline.
 *
 * @param isDoubtful nothing is known of the clone yet: it is kept before anything else.
 */
export async function keepClone(
  host: Host,
  path: string,
  options: QuiesceOptions,
  deadline: Deadline,
  isDoubtful: boolean,
): Promise<QuiescedClone> {
  const { signal, salvage = {}, onEvent = () => {} } = options;
  const local = Math.max(deadline.left / 2, leastForKeeping);
  const context = cloneContext(host, path, local, signal);
  const here = await inspectWithin(host, path, local, { fetch: false, signal });
  const keep = async (): Promise<Kept | string> => (salvage === false ? '' : tryToKeep(context));
  let kept = isDoubtful || !here.safe ? await keep() : undefined;
  const report = withRemotes(here, await inspectWithin(host, path, deadline.left, { signal }));
  if (report.safe) {
    if (typeof kept === 'object') await git(context, ['update-ref', '-d', kept.ref, kept.commit]);
    return report;
  }
  kept ??= await keep();
  if (kept === '') return report;
  if (typeof kept === 'string') return { ...report, salvageProblem: kept };
  const pushed = salvage !== false && salvage.push !== false ? await pushInTime(context, kept, deadline) : {};
  const whole: Salvage = { ...kept, ...pushed };
  onEvent({ type: 'salvaged', path, salvage: whole });
  return { ...report, salvage: whole };
}

/** @returns why nothing was kept, when that is so. */
async function tryToKeep(context: GitContext): Promise<Kept | string> {
  try {
    return await keepLocally(context);
  } catch (error) {
    if (error instanceof HostConnectionError || context.signal?.aborted === true) throw error;
    return error instanceof Error ? error.message : String(error);
  }
}

/** A look that was too late for the remotes adds to what was seen without them. */
function withRemotes(here: CloneReport, whole: CloneReport): CloneReport {
  if (!whole.reasons.some(({ code }) => code === 'unseen')) return whole;
  return { ...here, safe: false, reasons: [...here.reasons, ...whole.reasons] };
}

async function pushInTime(
  context: GitContext,
  { ref }: Kept,
  { left }: Deadline,
): Promise<Pick<Salvage, 'pushedTo' | 'pushProblem'>> {
  if (left < 1) return { pushProblem: 'no time was left to push it' };
  try {
    return await pushSalvage({ ...context, timeout: Math.ceil(left) }, ref);
  } catch (error) {
    if (error instanceof HostConnectionError || context.signal?.aborted === true) throw error;
    return { pushProblem: error instanceof Error ? error.message : String(error) };
  }
}
