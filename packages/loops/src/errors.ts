const codes = [
  'CONFIG_INVALID',
  'STATE_DAMAGED',
  'LOOP_UNKNOWN',
  'SUPERVISOR_RUNNING',
  'SUPERVISOR_ABSENT',
  'SUPERVISOR_SILENT',
  'REQUEST_REFUSED',
  'TMUX_FAILED',
  'TMUX_LOST',
  'OWNERSHIP_CONFLICT',
  'OWNERSHIP_UNKNOWN',
  'CLAIM_REFUSED',
  'ROUNDS_USED_UP',
  'GATE_FAILED',
  'VERDICT_REFUSED',
  'ADVANCE_REFUSED',
  'PROMPT_REFUSED',
  'NOTIFY_FAILED',
] as const;

/** The stable codes of the errors this package throws. */
export type LoopsErrorCode = (typeof codes)[number];

/** Whether a text is one of the codes. */
export function isLoopsErrorCode(code: string): code is LoopsErrorCode {
  return codes.some((one) => one === code);
}

/** The root of every error of this package: `code` is stable, the facts are fields, `cause` is kept. */
export class LoopsError extends Error {
  override readonly name: string = 'LoopsError';
  readonly code: LoopsErrorCode;

  constructor(code: LoopsErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A `loops.yaml` that cannot be used. Nothing was changed. */
export class ConfigError extends LoopsError {
  override readonly name = 'ConfigError';
  declare readonly code: 'CONFIG_INVALID';
  readonly path: string;
  /** Every mistake as `FILE:LINE:COLUMN: KEY: what is wrong; what would be right`. */
  readonly mistakes: readonly string[];

  constructor(path: string, mistakes: readonly string[]) {
    super('CONFIG_INVALID', mistakes.join('\n'));
    this.path = path;
    this.mistakes = mistakes;
  }
}

/** Another owner, or another epoch, holds the ownership that a compare-and-swap expected; nothing was changed. */
export class OwnershipConflictError extends LoopsError {
  override readonly name = 'OwnershipConflictError';
  declare readonly code: 'OWNERSHIP_CONFLICT';
  readonly expected: { readonly owner: string; readonly epoch: number } | undefined;
  readonly actual: { readonly owner: string; readonly epoch: number } | undefined;

  constructor(
    expected: { readonly owner: string; readonly epoch: number } | undefined,
    actual: { readonly owner: string; readonly epoch: number } | undefined,
  ) {
    super(
      'OWNERSHIP_CONFLICT',
      `expected the ownership ${describeOwnership(expected)}, found ${describeOwnership(actual)}; read it again, then retry`,
    );
    this.expected = expected;
    this.actual = actual;
  }
}

/** The remote that holds the ownership could not be asked. This is never evidence that nobody owns the loops. */
export class OwnershipUnknownError extends LoopsError {
  override readonly name = 'OwnershipUnknownError';
  declare readonly code: 'OWNERSHIP_UNKNOWN';
  readonly remote: string;

  constructor(remote: string, why: string, options?: ErrorOptions) {
    super('OWNERSHIP_UNKNOWN', `the owner in ${remote} is unknown: ${why}`, options);
    this.remote = remote;
  }
}

/** A request that the supervisor understood and refused; the message says why. */
export class RequestRefusedError extends LoopsError {
  override readonly name = 'RequestRefusedError';
}

function describeOwnership(
  ownership: { readonly owner: string; readonly epoch: number } | undefined,
): string {
  return ownership === undefined ? 'by nobody' : `by ${ownership.owner} at epoch ${ownership.epoch}`;
}
