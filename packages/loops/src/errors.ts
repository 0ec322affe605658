const codes = [
  'CONFIG_INVALID',
  'STATE_DAMAGED',
  'RIG_MISMATCH',
  'LOOP_UNKNOWN',
  'SUPERVISOR_RUNNING',
  'SUPERVISOR_ABSENT',
  'SUPERVISOR_SILENT',
  'REQUEST_REFUSED',
  'TMUX_FAILED',
  'TMUX_LOST',
  'OWNERSHIP_CONFLICT',
  'OWNERSHIP_UNKNOWN',
  'OWNERSHIP_REGRESSED',
  'LEASE_UNENFORCED',
  'CLAIM_REFUSED',
  'ROUNDS_USED_UP',
  'GATE_FAILED',
  'VERDICT_REFUSED',
  'GATE_DAMAGED',
  'ADVANCE_REFUSED',
  'PROMPT_REFUSED',
  'PROMPT_UNACKNOWLEDGED',
  'RELOAD_REFUSED',
  'NOTIFY_FAILED',
  'HOLD_LOST',
  'SALVAGE_FAILED',
  'FOLDER_MISSING',
  'PROGRAM_MISSING',
  'FIRST_RUN_FAILED',
] as const;

/**
 * The stable codes of the errors this package throws.
 * @useDeclaredType
 */
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

/** A claim or a verdict at the remote that cannot be read; a new claim or verdict replaces it. */
export class GateDamagedError extends LoopsError {
  override readonly name = 'GateDamagedError';
  declare readonly code: 'GATE_DAMAGED';
  /** The commit that the ref points at. */
  readonly commit: string;

  constructor(ref: string, remote: string, commit: string) {
    super(
      'GATE_DAMAGED',
      `${ref} at ${remote} holds ${commit}, which is not what loops writes there; a new one replaces it`,
    );
    this.commit = commit;
  }
}

/** A supervisor that went away after it was asked: whether it carried the request out is not known. */
export class RequestUnansweredError extends LoopsError {
  override readonly name = 'RequestUnansweredError';
  declare readonly code: 'SUPERVISOR_ABSENT';

  constructor(socketPath: string, method: string, cause: unknown) {
    super(
      'SUPERVISOR_ABSENT',
      `the supervisor at ${socketPath} went away before it answered ${method}, which it may have done; look with loops status`,
      { cause },
    );
  }
}

/** A request that the supervisor understood and refused; the message says why. */
export class RequestRefusedError extends LoopsError {
  override readonly name = 'RequestRefusedError';
}
