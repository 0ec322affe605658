import { exitCodes } from '@cutover/foundation/exit-codes';
import { LoopsError, type LoopsErrorCode } from './errors.ts';

/** The exit codes of `loops` besides those that all commands share. */
export const loopsExitCodes = {
  ended: 10,
  notOwner: 11,
  ownershipUnknown: 12,
  unsafe: 13,
  supervisorAbsent: 14,
  supervisorRunning: 15,
  refused: 16,
  supervisorSilent: 17,
  agentsNotSetUp: 18,
  promptUnacknowledged: 19,
} as const;

/** What each exit code means, as the help says it. */
export const exitCodeMeanings: readonly (readonly [code: number, meaning: string])[] = [
  [exitCodes.ok, 'done'],
  [exitCodes.failed, 'failed'],
  [exitCodes.usage, 'wrong usage or config; nothing was changed'],
  [loopsExitCodes.ended, 'up was ended by down; the unit does not start it again'],
  [loopsExitCodes.notOwner, 'this host does not own the loops'],
  [loopsExitCodes.ownershipUnknown, 'the owner of the loops is unknown'],
  [loopsExitCodes.unsafe, 'quiesce: a clone is not at a safe point, or something of the rig still runs'],
  [loopsExitCodes.supervisorAbsent, 'no supervisor runs'],
  [loopsExitCodes.supervisorRunning, 'another supervisor or command holds the rig'],
  [loopsExitCodes.refused, 'refused, by the gate for example; nothing was changed'],
  [loopsExitCodes.supervisorSilent, 'the supervisor does not answer'],
  [loopsExitCodes.agentsNotSetUp, 'first-run, login-state: an agent is not set up, or not logged in'],
  [loopsExitCodes.promptUnacknowledged, 'prompt: it was typed, and the agent did not acknowledge it in time'],
  [exitCodes.interrupted, 'interrupted (SIGINT)'],
  [exitCodes.brokenPipe, 'the reader of the output ended'],
  [exitCodes.terminated, 'terminated (SIGTERM)'],
];

const codes: Partial<Record<LoopsErrorCode, number>> = {
  CONFIG_INVALID: exitCodes.usage,
  RIG_MISMATCH: exitCodes.usage,
  OWNERSHIP_CONFLICT: loopsExitCodes.notOwner,
  OWNERSHIP_UNKNOWN: loopsExitCodes.ownershipUnknown,
  OWNERSHIP_REGRESSED: loopsExitCodes.ownershipUnknown,
  LEASE_UNENFORCED: loopsExitCodes.ownershipUnknown,
  SUPERVISOR_ABSENT: loopsExitCodes.supervisorAbsent,
  SUPERVISOR_RUNNING: loopsExitCodes.supervisorRunning,
  SUPERVISOR_SILENT: loopsExitCodes.supervisorSilent,
  LOOP_UNKNOWN: loopsExitCodes.refused,
  REQUEST_REFUSED: loopsExitCodes.refused,
  CLAIM_REFUSED: loopsExitCodes.refused,
  ROUNDS_USED_UP: loopsExitCodes.refused,
  GATE_FAILED: loopsExitCodes.refused,
  VERDICT_REFUSED: loopsExitCodes.refused,
  GATE_DAMAGED: loopsExitCodes.refused,
  ADVANCE_REFUSED: loopsExitCodes.refused,
  PROMPT_REFUSED: loopsExitCodes.refused,
  PROMPT_UNACKNOWLEDGED: loopsExitCodes.promptUnacknowledged,
  RELOAD_REFUSED: loopsExitCodes.refused,
};

/** The exit code for an error of this package; `undefined` for any other. */
export function loopsExitCode(error: unknown): number | undefined {
  return error instanceof LoopsError ? codes[error.code] : undefined;
}
