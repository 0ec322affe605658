import { LoopsError, type LoopsErrorCode } from './errors.ts';

/** The exit codes of `loops` besides those that all commands share (0, 1, 2, 130, 143). */
export const loopsExitCodes = {
  /** `up` was ended by `down`: the unit must not start it again. */
  ended: 10,
  notOwner: 11,
  ownershipUnknown: 12,
  /** `quiesce` ended with a clone that is not at a safe point, or with something of the rig left. */
  unsafe: 13,
  supervisorAbsent: 14,
  supervisorRunning: 15,
  /** A claim, verdict, advance, prompt or request was refused; nothing was changed. */
  refused: 16,
} as const;

const codes: Partial<Record<LoopsErrorCode, number>> = {
  CONFIG_INVALID: 2,
  OWNERSHIP_CONFLICT: loopsExitCodes.notOwner,
  OWNERSHIP_UNKNOWN: loopsExitCodes.ownershipUnknown,
  OWNERSHIP_REGRESSED: loopsExitCodes.ownershipUnknown,
  LEASE_UNENFORCED: loopsExitCodes.ownershipUnknown,
  SUPERVISOR_ABSENT: loopsExitCodes.supervisorAbsent,
  SUPERVISOR_RUNNING: loopsExitCodes.supervisorRunning,
  LOOP_UNKNOWN: loopsExitCodes.refused,
  REQUEST_REFUSED: loopsExitCodes.refused,
  CLAIM_REFUSED: loopsExitCodes.refused,
  ROUNDS_USED_UP: loopsExitCodes.refused,
  GATE_FAILED: loopsExitCodes.refused,
  VERDICT_REFUSED: loopsExitCodes.refused,
  ADVANCE_REFUSED: loopsExitCodes.refused,
  PROMPT_REFUSED: loopsExitCodes.refused,
};

/** The exit code for an error of this package; `undefined` for any other. */
export function loopsExitCode(error: unknown): number | undefined {
  return error instanceof LoopsError ? codes[error.code] : undefined;
}
