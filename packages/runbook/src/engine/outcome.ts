import type { RunResultName } from '../journal/entry.ts';

/** How a run, or one step of it, ended. */
export interface Outcome {
  readonly result: RunResultName;
  /** The step it ended at; absent for `ok`. */
  readonly step?: string | undefined;
  /** What happened and what to do, for people. */
  readonly reason?: string | undefined;
  readonly error?: unknown;
}

const gravest: readonly RunResultName[] = ['unsafe', 'failed', 'drift', 'waiting', 'interrupted', 'ok'];

/** Of steps that ran at the same time, the outcome that matters most; the earliest of equals. */
export function gravestOutcome(outcomes: readonly Outcome[]): Outcome {
  for (const result of gravest) {
    const found = outcomes.find((outcome) => outcome.result === result);
    if (found !== undefined) return found;
  }
  return { result: 'ok' };
}
