/** The step of a deploy in which something went wrong; an exit code is never without it. */
export type DeployStep =
  | 'connect'
  | 'preflight'
  | 'lock'
  | 'evaluate'
  | 'build'
  | 'copy'
  | 'activate'
  | 'health'
  | 'confirm'
  | 'boot-loader'
  | 'restore'
  | 'reboot-proof'
  | 'history'
  | 'fleet';

/** The stable codes of the errors of this package. */
export type DeployErrorCode =
  | 'PREFLIGHT_FAILED'
  | 'TARGET_LOCKED'
  | 'EVALUATION_FAILED'
  | 'BUILD_FAILED'
  | 'COPY_FAILED'
  | ActivationCode
  | 'NO_SUCH_GENERATION'
  | 'REBOOT_NOT_PROVEN'
  | 'FLEET_FAILED';

/** What became of the system that ran before: the answer to "am I stranded?". */
export type Restoration = 'untouched' | 'restored' | 'nothing-before' | 'restore-failed' | 'unknown';

/** An option that has an impossible value or contradicts another; nothing was started. */
export class DeployOptionsError extends Error {
  override readonly name = 'DeployOptionsError';
  readonly code = 'OPTIONS_INVALID';
}

/** What the errors of a deploy have in common. `cause` is kept. */
export class DeployError<Code extends DeployErrorCode = DeployErrorCode> extends Error {
  override readonly name: string = 'DeployError';
  readonly code: Code;
  readonly step: DeployStep;
  readonly target: string;

  constructor(
    facts: { readonly code: Code; readonly step: DeployStep; readonly target: string },
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.code = facts.code;
    this.step = facts.step;
    this.target = facts.target;
  }
}

/** One reason why a deploy would not begin, and what to do about it. */
export interface Problem {
  /** Stable, e.g. `wrong-machine`, `store-full`. */
  readonly check: string;
  readonly message: string;
  readonly fix: string;
}

/** Preflight found reasons not to begin; nothing was changed. */
export class PreflightError extends DeployError<'PREFLIGHT_FAILED'> {
  override readonly name = 'PreflightError';
  readonly problems: readonly Problem[];

  constructor(target: string, problems: readonly Problem[]) {
    const list = problems.map(({ check, message, fix }) => `- ${check}: ${message} — ${fix}`).join('\n');
    super(
      { code: 'PREFLIGHT_FAILED', step: 'preflight', target },
      `${target} is not ready for a deploy; nothing was changed:\n${list}`,
    );
    this.problems = problems;
  }
}

/** Another deploy is under way on the target; nothing was changed. */
export class LockedError extends DeployError<'TARGET_LOCKED'> {
  override readonly name = 'LockedError';
  /** Who holds the lock, in its own words. */
  readonly holder: string;

  constructor(target: string, holder: string) {
    super(
      { code: 'TARGET_LOCKED', step: 'lock', target },
      `another deploy is under way on ${target}, by ${holder}; wait for it: the lock frees itself when it ends`,
    );
    this.holder = holder;
  }
}

/** A command of nix failed; `exitCode` is that of `step`, and means nothing without it. */
export class NixError extends DeployError<'EVALUATION_FAILED' | 'BUILD_FAILED' | 'COPY_FAILED'> {
  override readonly name = 'NixError';
  readonly exitCode: number | undefined;
  /** The derivation that failed, where nix said so. */
  readonly derivation: string | undefined;
  /** The last lines it wrote. */
  readonly lastLines: readonly string[];

  constructor(
    step: 'evaluate' | 'build' | 'copy',
    target: string,
    facts: {
      readonly exitCode: number | undefined;
      readonly derivation?: string | undefined;
      readonly lastLines: readonly string[];
    },
    options?: ErrorOptions,
  ) {
    const what = { evaluate: 'evaluation', build: 'build', copy: 'copy' }[step];
    const of = facts.derivation === undefined ? '' : ` of ${facts.derivation}`;
    const told = [...facts.lastLines, ...attributeHint(facts.lastLines)];
    const lines = told.length === 0 ? '' : `:\n${told.map((line) => `  ${line}`).join('\n')}`;
    super(
      {
        code: step === 'evaluate' ? 'EVALUATION_FAILED' : step === 'build' ? 'BUILD_FAILED' : 'COPY_FAILED',
        step,
        target,
      },
      `the ${what}${of} on ${target} failed${facts.exitCode === undefined ? '' : ` with exit code ${facts.exitCode}`}; nothing was activated${lines}`,
      options,
    );
    this.exitCode = facts.exitCode;
    this.derivation = facts.derivation;
    this.lastLines = facts.lastLines;
  }
}

/** Where the name comes from that the flake does not know: the user need not have typed it. */
function attributeHint(lines: readonly string[]): readonly string[] {
  if (!lines.some((line) => /does not provide attribute .*nixosConfigurations/.test(line))) return [];
  return [
    'the configuration bears the host name of the target, unless FLAKE#NAME, --configuration or the config file names another',
  ];
}

/** How an activation can end that did not end well. */
export type ActivationCode =
  | 'SWITCH_FAILED'
  | 'NEEDS_REBOOT'
  | 'HEALTH_CHECK_FAILED'
  | 'NOT_CONFIRMED'
  | 'BOOT_LOADER_FAILED'
  | 'RESTORE_FAILED'
  | 'OUTCOME_UNKNOWN';

/** The new system was (or may have been) activated, and the deploy did not end well. */
export class ActivationError extends DeployError<ActivationCode> {
  override readonly name = 'ActivationError';
  /** That of switch-to-configuration where it ended; a 100 here is an activation's, never a build's. */
  readonly exitCode: number | undefined;
  /** Units that failed and had not failed before. */
  readonly failedUnits: readonly string[];
  /** The last lines of the journals of `failedUnits`. */
  readonly journal: string;
  /** All that switch-to-configuration wrote, as far as it could be read. */
  readonly log: string;
  readonly restoration: Restoration;

  constructor(
    facts: {
      readonly code: ActivationCode;
      readonly step: DeployStep;
      readonly target: string;
      readonly exitCode?: number | undefined;
      readonly failedUnits?: readonly string[];
      readonly journal?: string;
      readonly log: string;
      readonly restoration: Restoration;
    },
    message: string,
    options?: ErrorOptions,
  ) {
    super(facts, `${message}; ${restorations[facts.restoration]}`, options);
    this.exitCode = facts.exitCode;
    this.failedUnits = facts.failedUnits ?? [];
    this.journal = facts.journal ?? '';
    this.log = facts.log;
    this.restoration = facts.restoration;
  }
}

const restorations: Readonly<Record<Restoration, string>> = {
  untouched: 'nothing was changed',
  restored: 'the system that was active before is active again',
  'nothing-before':
    'no NixOS system was active before that could be active again: the new one still runs, until the next boot',
  'restore-failed':
    'restoring the system that was active before FAILED: look at the machine, its deploy log is under /var/lib/nix-deploy',
  unknown:
    'the target restores itself unless it was confirmed: ask `nix-deploy generations` when it is reachable',
};

/** There is no such generation in the profile. */
export class NoSuchGenerationError extends DeployError<'NO_SUCH_GENERATION'> {
  override readonly name = 'NoSuchGenerationError';

  constructor(target: string, message: string) {
    super({ code: 'NO_SUCH_GENERATION', step: 'history', target }, message);
  }
}

/** The machine did not come back as it should have; `failures` says in what. */
export class RebootProofError extends DeployError<'REBOOT_NOT_PROVEN'> {
  override readonly name = 'RebootProofError';
  readonly failures: readonly string[];

  constructor(target: string, failures: readonly string[], options?: ErrorOptions) {
    super(
      { code: 'REBOOT_NOT_PROVEN', step: 'reboot-proof', target },
      `${target} did not prove its reboot: ${failures.join('; ')}`,
      options,
    );
    this.failures = failures;
  }
}
