/** The stable codes of the errors this package throws. */
export type LoopsErrorCode =
  | 'CONFIG_INVALID'
  | 'STATE_DAMAGED'
  | 'LOOP_UNKNOWN'
  | 'SUPERVISOR_RUNNING'
  | 'SUPERVISOR_ABSENT'
  | 'REQUEST_REFUSED'
  | 'TMUX_FAILED'
  | 'TMUX_LOST'
  | 'GIT_FAILED'
  | 'OWNERSHIP_CONFLICT'
  | 'OWNERSHIP_UNKNOWN'
  | 'OWNERSHIP_REGRESSED'
  | 'LEASE_UNENFORCED'
  | 'CLAIM_REFUSED'
  | 'ROUNDS_USED_UP'
  | 'GATE_FAILED'
  | 'VERDICT_REFUSED'
  | 'ADVANCE_REFUSED'
  | 'PROMPT_REFUSED'
  | 'NOTIFY_FAILED';

/** The root of every error of this package: `code` is stable, the facts are fields, `cause` is kept. */
export class LoopsError extends Error {
  override readonly name: string = 'LoopsError';
  readonly code: LoopsErrorCode;

  constructor(code: LoopsErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A `loops.yaml` that cannot be used; `problems` lists each place in it. Nothing was changed. */
export class ConfigError extends LoopsError {
  override readonly name = 'ConfigError';
  readonly path: string;
  readonly problems: readonly string[];

  constructor(path: string, problems: readonly string[], options?: ErrorOptions) {
    super(
      'CONFIG_INVALID',
      `${path} cannot be used:\n${problems.map((one) => `  ${one}`).join('\n')}`,
      options,
    );
    this.path = path;
    this.problems = problems;
  }
}

/** A request that the supervisor understood and refused; the message says why. */
export class RequestRefusedError extends LoopsError {
  override readonly name = 'RequestRefusedError';
}
