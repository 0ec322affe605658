import type { StallRung } from '../../events/rig-event.ts';

/** The answers to a stall, each when the one before it did not help. */
export const stallRungs: readonly StallRung[] = ['nudge', 'interrupt', 'resume', 'fresh', 'escalate'];

/** So many nudges that were answered with words only are enough. */
export const mostAnswers = 3;

/** Where an agent stands on the ladder. */
export interface StallState {
  /** Milliseconds (monotonic) of the last progress. */
  readonly progressAt: number;
  /** How many rungs have been taken since. */
  readonly taken: number;
  /** Milliseconds (monotonic) of the last rung. */
  readonly rungAt: number;
  /** How many nudges were answered with words, and no work, since the last work. */
  readonly answered: number;
}

/**
 * Which rung to take now, if any, and how many are taken then: the first once nothing happened for `after`, each further
 * one `rungDelay` later. An agent that waits for a person is only escalated: what is typed would answer for that person, and
 * a restart would lose the question. Pure.
 */
export function nextRung(
  state: StallState,
  policy: { readonly after: number; readonly rungDelay: number },
  now: number,
  waits = false,
): { readonly rung: StallRung; readonly taken: number } | undefined {
  const due = state.taken === 0 ? state.progressAt + policy.after : state.rungAt + policy.rungDelay;
  if (now < due) return undefined;
  const isTalking = state.taken === 0 && state.answered >= mostAnswers;
  const index = waits || isTalking ? stallRungs.length - 1 : state.taken;
  const rung = stallRungs[index];
  return rung === undefined ? undefined : { rung, taken: index + 1 };
}
