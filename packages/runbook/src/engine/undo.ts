import { confirmClaim } from './confirm-claim.ts';
import { makeContext } from './make-context.ts';
import { withDeadline } from './deadline.ts';
import { recordedError } from './recorded-error.ts';
import { VerificationError } from './errors.ts';
import { isUnsafe } from './is-unsafe.ts';
import type { Evidence } from './json.ts';
import { look } from './look.ts';
import type { Outcome } from './outcome.ts';
import { listState, recordOf, recordStep, type Session } from './session.ts';
import type { Step } from './step.ts';

/**
 * Undoes, last begun first, every step that a run of ours began, and those with `undoFound` that were found done.
 * Irreversible steps stay as they are. Stops at the first that cannot be undone.
 */
export async function undoAll<World>(
  session: Session<World>,
  steps: readonly Step<World>[],
): Promise<Outcome> {
  const begun = steps
    .map((step) => {
      const known = listState(session)?.steps.get(step.id);
      return { step, place: known?.begun ?? (step.undoFound === true ? known?.found : undefined) };
    })
    .filter(({ place }) => place !== undefined)
    .sort((a, b) => Number(b.place) - Number(a.place));
  for (const { step } of begun) {
    if (session.draining.aborted) return { result: 'interrupted', step: step.id, reason: 'interrupted' };
    const outcome = await undoStep(session, step);
    if (outcome !== undefined) return outcome;
  }
  return { result: 'ok' };
}

async function undoStep<World>(session: Session<World>, step: Step<World>): Promise<Outcome | undefined> {
  if (step.kind === 'irreversible') return undefined;
  const attempt = recordOf(session, step)?.attempt ?? 0;
  const undo = step.undo?.bind(step);
  const refused = await confirmClaim(session, step)(attempt);
  if (refused !== undefined) return refused;
  await recordStep(session, step, attempt, { type: 'undo.intent' });
  try {
    if (undo !== undefined) {
      await withDeadline(step, 'undo', session.signal, (signal) =>
        undo(makeContext(session, step, attempt, signal)),
      );
    }
    const earlier = (recordOf(session, step)?.madeWith.size ?? 0) > 1;
    const left = {
      ...(step.leaves === undefined ? {} : { leaves: step.leaves }),
      ...(earlier ? { leavesToo: 'what it made with an earlier config: look for it by hand' } : {}),
    };
    const found = undo === undefined ? {} : await proveUndone(session, step, attempt);
    await recordStep(session, step, attempt, { type: 'undone', evidence: { ...found, ...left } });
    return undefined;
  } catch (error) {
    const recorded = recordedError(error);
    await recordStep(session, step, attempt, { type: 'failed', during: 'undo', error: recorded });
    if (session.signal.aborted) return { result: 'interrupted', step: step.id, reason: 'interrupted', error };
    return {
      result: isUnsafe(session, error) ? 'unsafe' : 'failed',
      step: step.id,
      reason: recorded.message,
      error,
    };
  }
}

/** A reversible step is gone afterwards; a compensable one may leave traces, but not stand as it did. */
async function proveUndone<World>(
  session: Session<World>,
  step: Step<World>,
  attempt: number,
): Promise<Evidence> {
  if (step.check === undefined) return {};
  const answer = await look(session, step, attempt);
  const { state, evidence } = answer;
  if (state === 'absent' || (step.kind === 'compensable' && state !== 'satisfied' && state !== 'unknown')) {
    return evidence;
  }
  const why = 'reason' in answer ? `${state} (${answer.reason})` : state;
  throw new VerificationError(step.id, `it was undone, and a look afterwards says ${why}`, state);
}
