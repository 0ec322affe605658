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

/**
 * So many milliseconds beyond the deadline all of it ends, with less than a second for the whole quiesce in mind: what is
 * not kept by then is said to be so, and is still in the clone.
 */
const overtime = 400;
/** However late it is, the keeping may take so many milliseconds in all: it takes a tenth of that where nothing hangs. */
const leastForKeeping = 2000;

/**
 * What a clone holds once its rig was stopped. What may not be safe is kept in it at once; the remotes are asked and
 * pushed to afterwards, with what is left of the deadline.
 *
 * @param known `nothing` of the clone yet: it is kept before anything else. `still`: it was seen at a safe point, by its
 * remotes too, while nothing of the rig moved, and the rig was stopped out of that; they are asked again only where the clone
 * itself says that it is not safe any more.
 */
export async function keepClone(
  host: Host,
  path: string,
  options: QuiesceOptions,
  deadline: Deadline,
  known: 'nothing' | 'moving' | 'still',
): Promise<QuiescedClone> {
  const { signal, salvage = {}, onEvent = () => {} } = options;
  const local = deadline.left + overtime;
  const timeUp = AbortSignal.timeout(Math.ceil(Math.max(local, leastForKeeping)));
  const either = signal === undefined ? timeUp : AbortSignal.any([signal, timeUp]);
  const context = cloneContext(host, path, Math.max(local, leastForKeeping), either);
  const keep = async (): Promise<Kept | string> =>
    salvage === false ? '' : tryToKeep(context, signal, timeUp);
  const [early, here] = await Promise.all([
    known === 'nothing' ? keep() : undefined,
    inspectWithin(host, path, local, { fetch: false, signal }),
  ]);
  if (known === 'still' && here.safe) return here;
  let kept = early ?? (here.safe ? undefined : await keep());
  const ownSalvage = typeof kept === 'object' ? kept.ref : undefined;
  const whole = await inspectWithin(host, path, deadline.left, { signal, ownSalvage });
  const report = withRemotes(here, whole);
  if (report.safe) {
    if (typeof kept === 'object')
      await git({ ...context, signal }, ['update-ref', '-d', kept.ref, kept.commit]);
    return report;
  }
  kept ??= await keep();
  if (kept === '') return report;
  if (typeof kept === 'string') return { ...report, salvageProblem: kept };
  const pushed =
    salvage !== false && salvage.push !== false
      ? await pushInTime({ ...context, signal }, kept, deadline)
      : {};
  const made: Salvage = { ...kept, ...pushed };
  onEvent({ type: 'salvaged', path, salvage: made });
  return { ...report, salvage: made };
}

/** @returns why nothing was kept, when that is so. */
async function tryToKeep(
  context: GitContext,
  signal: AbortSignal | undefined,
  timeUp: AbortSignal,
): Promise<Kept | string> {
  try {
    return await keepLocally(context);
  } catch (error) {
    if (error instanceof HostConnectionError || signal?.aborted === true) throw error;
    if (timeUp.aborted) return 'the deadline came before all of it was kept; it is still in the clone';
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
