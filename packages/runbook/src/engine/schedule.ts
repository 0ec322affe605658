import { gravestOutcome, type Outcome } from './outcome.ts';
import { perform } from './perform.ts';
import type { Session } from './session.ts';
import type { Step } from './step.ts';

/** What `performAll` is to do. */
export interface Work<World> {
  /** The steps to perform, in order. What they need is among them or in `done`. */
  readonly steps: readonly Step<World>[];
  /** Steps that are verified already. */
  readonly done: ReadonlySet<string>;
  /** Called when a step does not end well: it aborts the session's `draining`. */
  stopStarting(): void;
}

/**
 * Performs steps as soon as what they need is done, several at a time. After the first that does not end well nothing
 * new begins, and what runs goes on to its end.
 */
export async function performAll<World>(session: Session<World>, work: Work<World>): Promise<Outcome> {
  const needs = new Map(session.plan.steps.map((step) => [step.id, step.needs]));
  const finished = new Set(work.done);
  const waiting = new Set(work.steps.filter(({ id }) => !finished.has(id)));
  const running = new Map<string, Promise<void>>();
  const ended: Outcome[] = [];

  const begin = async (step: Step<World>): Promise<void> => {
    const outcome = await perform(session, step);
    running.delete(step.id);
    if (outcome.result === 'ok') finished.add(step.id);
    else ended.push(outcome);
    if (outcome.result !== 'ok') work.stopStarting();
  };
  const beginReady = (): void => {
    for (const step of session.draining.aborted ? [] : waiting) {
      if (!(needs.get(step.id) ?? []).every((need) => finished.has(need))) continue;
      waiting.delete(step);
      running.set(step.id, begin(step));
    }
  };

  try {
    for (beginReady(); running.size > 0; beginReady()) await Promise.race(running.values());
  } catch (error) {
    // One that waits for a person must not hold the end up for as long as its gate is open.
    work.stopStarting();
    throw error;
  } finally {
    // Only the journal's own failure gets here with steps still running: they are not left behind unseen.
    await Promise.allSettled(running.values());
  }
  const [next] = waiting;
  if (ended.length === 0 && next !== undefined) {
    return { result: 'interrupted', step: next.id, reason: 'interrupted' };
  }
  return gravestOutcome(ended);
}
