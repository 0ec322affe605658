import { exitCodes as shared } from '@cutover/foundation/exit-codes';
import { CutoverError } from '../engine/errors.ts';
import type { Outcome } from '../engine/outcome.ts';

/** The exit codes of `cutover`; stable. */
export const exitCodes = {
  ...shared,
  /** A gate was not answered in time; `cutover resume` comes back to it. */
  waiting: 10,
  /** Another runner holds the state directory. */
  locked: 11,
  /** The world is not as an earlier run left it, or the plan is not the one that was reviewed. */
  drift: 12,
  /** The world is in a state on which nobody may act: unknown (unreachable) or in conflict; or the journal is damaged. */
  unsafe: 13,
} as const;

/** The exit code for an error that kept a command from doing its work. */
export function exitCodeOf(error: unknown): number | undefined {
  if (!(error instanceof CutoverError)) return undefined;
  switch (error.code) {
    case 'USAGE':
    case 'RUNBOOK_INVALID':
    case 'GATE_REFUSED':
      return exitCodes.usage;
    case 'LOCKED':
      return exitCodes.locked;
    case 'PLAN_STALE':
      return exitCodes.drift;
    case 'JOURNAL_DAMAGED':
      return exitCodes.unsafe;
    case 'INTERRUPTED':
      return exitCodes.interrupted;
    default:
      return exitCodes.failed;
  }
}

/** The exit code for how a run ended; `terminated`: it was told to by TERM. */
export function exitCodeOfOutcome({ result }: Outcome, terminated: boolean): number {
  if (result === 'interrupted') return terminated ? exitCodes.terminated : exitCodes.interrupted;
  return exitCodes[result];
}
