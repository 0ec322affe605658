/** The stable codes of the errors this package throws. */
export type CutoverErrorCode =
  | 'USAGE'
  | 'RUNBOOK_INVALID'
  | 'STEP_FAILED'
  | 'STEP_TIMEOUT'
  | 'UNSAFE'
  | 'DRIFT'
  | 'PLAN_STALE'
  | 'LOCKED'
  | 'JOURNAL_DAMAGED'
  | 'GATE_REFUSED';

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
