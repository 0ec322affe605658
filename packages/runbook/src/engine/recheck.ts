import { look } from './look.ts';
import type { Outcome } from './outcome.ts';
import { isCurrent, listState, recordOf, recordStep, type Session } from './session.ts';
import type { Step } from './step.ts';

/** Looks that are under way at the same time. */
const width = 8;

/** The steps that an earlier run verified: those that still hold, those to apply again, and what stops the run. */
export interface Rechecked {
  readonly done: ReadonlySet<string>;
  /** What was found otherwise than it was left. Empty: nothing has drifted. */
  readonly outcomes: readonly Outcome[];
}

/**
 * Looks again at every step that was verified before, changing nothing, several at a time. With `repair`, a step that
 * is absent or partial again counts as not done instead of stopping the run.
 */
export async function recheck<World>(
  session: Session<World>,
  steps: readonly Step<World>[],
  repair: boolean,
): Promise<Rechecked> {
  const done = new Set<string>();
  const outcomes: Outcome[] = [];
  const queue = steps.filter((step) => {
    const known = recordOf(session, step);
    return known?.status === 'verified' && isCurrent(session.plan, step.id, known);
  });
  const worker = async (): Promise<void> => {
    for (let step = queue.shift(); step !== undefined; step = queue.shift()) {
      const outcome = await holds(session, step, repair);
      if (outcome === true) done.add(step.id);
      else if (outcome !== false) outcomes.push(outcome);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return { done, outcomes };
}

/** `true`: as it was left. `false`: not, and to be applied again. */
async function holds<World>(
  session: Session<World>,
  step: Step<World>,
  repair: boolean,
): Promise<Outcome | boolean> {
  if (step.check === undefined || wasSuperseded(session, step)) return true;
  const attempt = recordOf(session, step)?.attempt ?? 0;
  const answer = await look(session, step, attempt);
  const { state, evidence } = answer;
  if (state === 'satisfied') return true;
  const reason = 'reason' in answer ? answer.reason : JSON.stringify(evidence);
  if (state === 'unknown') {
    await recordStep(session, step, attempt, { type: 'stopped', state, reason, evidence });
    return { result: 'unsafe', step: step.id, reason: `unknown: ${reason}` };
  }
  await recordStep(session, step, attempt, { type: 'drift', state, evidence, reason });
  if ((repair || step.reapply === true) && state !== 'conflict') return false;
  return { result: 'drift', step: step.id, reason: `it was verified before and is now ${state}: ${reason}` };
}

function wasSuperseded<World>(session: Session<World>, step: Step<World>): boolean {
  if (step.holdsUntil === undefined) return false;
  const later = listState(session)?.steps.get(step.holdsUntil);
  return later !== undefined && later.status !== 'found' && later.status !== 'undone';
}
