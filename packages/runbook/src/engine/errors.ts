import type { Answer } from './step.ts';

/** The stable codes of the errors this package throws. */
export type CutoverErrorCode =
  | 'USAGE'
  | 'RUNBOOK_INVALID'
  | 'STEP_FAILED'
  | 'STEP_TIMEOUT'
  | 'PLAN_STALE'
  | 'LOCKED'
  | 'JOURNAL_DAMAGED'
  | 'GATE_REFUSED'
  | 'NO_SAFE_POINT'
  | 'SECRET_LEAK'
  | 'INTERRUPTED';

/** The root of every error of this package: `code` is stable, the facts are fields, `cause` is kept. */
export class CutoverError extends Error {
  override readonly name: string = 'CutoverError';
  readonly code: CutoverErrorCode;

  constructor(code: CutoverErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A command, an option or the config file is wrong; nothing was changed. */
export class UsageError extends CutoverError {
  override readonly name = 'UsageError';

  constructor(message: string, options?: ErrorOptions) {
    super('USAGE', message, options);
  }
}

/** The runbook itself is wrong: two steps of one id, a need that comes later, evidence that was not needed. */
export class RunbookError extends CutoverError {
  override readonly name = 'RunbookError';

  constructor(message: string) {
    super('RUNBOOK_INVALID', message);
  }
}

/** `check`, `apply`, `verify` or `undo` of a step ran longer than the step's `timeout`. */
export class StepTimeoutError extends CutoverError {
  override readonly name = 'StepTimeoutError';
  readonly step: string;
  readonly call: string;
  /** Milliseconds. */
  readonly timeout: number;

  constructor(step: string, call: string, timeout: number) {
    super('STEP_TIMEOUT', `${call} of ${step} took longer than ${timeout / 1000} s`);
    this.step = step;
    this.call = call;
    this.timeout = timeout;
  }
}

/** The runbook is no longer the one that was reviewed. Nothing was changed. */
export class StalePlanError extends CutoverError {
  override readonly name = 'StalePlanError';
  /** The plan that was reviewed. */
  readonly reviewed: string;
  /** The plan as it is now. */
  readonly current: string;
  readonly changedSteps: readonly string[];

  constructor(reviewed: string, current: string, changed: readonly string[], advice: string) {
    const which = changed.length === 0 ? '' : ` (changed: ${changed.join(', ')})`;
    super(
      'PLAN_STALE',
      `the plan is now ${current.slice(0, 12)}, not ${reviewed.slice(0, 12)}${which}. ${advice}`,
    );
    this.reviewed = reviewed;
    this.current = current;
    this.changedSteps = changed;
  }
}

/** A step was applied without an error, and is not so. */
export class VerificationError extends CutoverError {
  override readonly name = 'VerificationError';
  readonly step: string;
  /** What the look said. */
  readonly state: Answer['state'];

  constructor(step: string, what: string, state: Answer['state']) {
    super('STEP_FAILED', `${step}: ${what}`);
    this.step = step;
    this.state = state;
  }
}

/** The second Ctrl-C, or a TERM: what ran was cut off where it stood. */
export class InterruptedRunError extends CutoverError {
  override readonly name = 'InterruptedRunError';

  constructor() {
    super('INTERRUPTED', 'interrupted');
  }
}
