import type { CheckResult } from './check-result.ts';

/** The stable codes of the errors that this package throws. */
export type RunbookErrorCode =
  | 'USAGE'
  | 'RUNBOOK_INVALID'
  | 'STEP_NOT_VERIFIED'
  | 'STEP_TIMEOUT'
  | 'PLAN_STALE'
  | 'WORLD_MOVED'
  | 'LOCKED'
  | 'JOURNAL_DAMAGED'
  | 'JOURNAL_NEWER'
  | 'JOURNAL_UNWRITABLE'
  | 'GATE_REFUSED'
  | 'INTERRUPTED';

/** The root of every error of this package: `code` is stable, the facts are fields, `cause` is kept. */
export abstract class RunbookError extends Error {
  override readonly name: string = 'RunbookError';
  abstract readonly code: RunbookErrorCode;
}

/** A command, an option or the config file is wrong; nothing was changed. */
export class UsageError extends RunbookError {
  override readonly name = 'UsageError';
  readonly code = 'USAGE';
}

/** The runbook itself is wrong: two steps of one id, a need that comes later, evidence that was not needed. */
export class InvalidRunbookError extends RunbookError {
  override readonly name = 'InvalidRunbookError';
  readonly code = 'RUNBOOK_INVALID';
}

/** `check`, `apply`, `verify` or `undo` of a step ran longer than the step's `timeout`. */
export class StepTimeoutError extends RunbookError {
  override readonly name = 'StepTimeoutError';
  readonly code = 'STEP_TIMEOUT';
  readonly step: string;
  readonly call: string;
  /** Milliseconds. */
  readonly timeout: number;

  constructor(step: string, call: string, timeout: number) {
    super(`${call} of ${step} took longer than ${timeout / 1000} s`);
    this.step = step;
    this.call = call;
    this.timeout = timeout;
  }
}

/** The runbook is no longer the one that was reviewed. Nothing was changed. */
export class StalePlanError extends RunbookError {
  override readonly name = 'StalePlanError';
  readonly code = 'PLAN_STALE';
  /** The plan that was reviewed. */
  readonly reviewed: string;
  /** The plan as it is now. */
  readonly current: string;
  readonly changedSteps: readonly string[];

  constructor(reviewed: string, current: string, changed: readonly string[], advice: string) {
    const which = changed.length === 0 ? '' : ` (changed: ${changed.join(', ')})`;
    super(`the plan is now ${current.slice(0, 12)}, not ${reviewed.slice(0, 12)}${which}. ${advice}`);
    this.reviewed = reviewed;
    this.current = current;
    this.changedSteps = changed;
  }
}

/** A step was applied without an error, and a look afterwards does not find it done. */
export class VerificationError extends RunbookError {
  override readonly name = 'VerificationError';
  readonly code = 'STEP_NOT_VERIFIED';
  readonly step: string;
  /** What the look said. */
  readonly state: CheckResult['state'];

  constructor(step: string, what: string, state: CheckResult['state']) {
    super(`${step}: ${what}`);
    this.step = step;
    this.state = state;
  }
}

/** The second Ctrl-C, or a TERM: what ran was cut off where it stood. */
export class InterruptedRunError extends RunbookError {
  override readonly name = 'InterruptedRunError';
  readonly code = 'INTERRUPTED';

  constructor() {
    super('interrupted');
  }
}
