import type { StallRung } from '../../events/rig-event.ts';

/** The answers to a stall, each when the one before it did not help. */
export const stallRungs: readonly StallRung[] = ['nudge', 'interrupt', 'resume', 'fresh', 'escalate'];

/** Where an agent stands on the ladder. */
export interface StallState {
  /** Milliseconds (monotonic) of the last progress. */
  readonly progressAt: number;
  /** How many rungs have been taken since. */
  readonly taken: number;
  /** Milliseconds (monotonic) of the last rung. */
  readonly rungAt: number;
}

/**
 * Which rung to take now, if any: the first once nothing happened for `after`, each further one `rungDelay` later. Pure.
 */
export function nextRung(
  state: StallState,
  policy: { readonly after: number; readonly rungDelay: number },
  now: number,
): StallRung | undefined {
  const due = state.taken === 0 ? state.progressAt + policy.after : state.rungAt + policy.rungDelay;
  return now >= due ? stallRungs[state.taken] : undefined;
}
