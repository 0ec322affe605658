import { SecretsError, type SecretsErrorCode } from '../errors.ts';

/** One exit code of `secrets`, as `--help` and the documentation list it. */
export interface ExitCode {
  readonly code: number;
  readonly meaning: string;
}

/** Every exit code of `secrets`; stable. `--help` is made from it, and a test holds the documentation to it. */
export const exitCodes = {
  ok: { code: 0, meaning: 'done' },
  failed: { code: 1, meaning: 'failed' },
  usage: { code: 2, meaning: 'the arguments or a config file are wrong; nothing was changed' },
  findings: { code: 10, meaning: 'a check found something (verify, guard, scan, lint)' },
  noIdentity: { code: 11, meaning: 'none of the identities opens the file' },
  tampered: { code: 12, meaning: 'the file was changed, or is damaged' },
  interrupted: { code: 130, meaning: 'interrupted by SIGINT' },
  brokenPipe: { code: 141, meaning: 'the reader of the output went away' },
  terminated: { code: 143, meaning: 'ended by SIGTERM' },
} as const satisfies Record<string, ExitCode>;

const byError: Partial<Record<SecretsErrorCode, ExitCode>> = {
  NO_IDENTITY: exitCodes.noIdentity,
  MAC_MISMATCH: exitCodes.tampered,
  DECRYPT_FAILED: exitCodes.tampered,
  LEAK_FOUND: exitCodes.findings,
  CONFIG_INVALID: exitCodes.usage,
};

/** The exit code of an error, or `undefined` for the shared ones. */
export function secretsExitCode(error: unknown): number | undefined {
  return error instanceof SecretsError ? byError[error.code]?.code : undefined;
}

/** The table as `--help` shows it. */
export function exitCodeText(): string {
  const lines = Object.values(exitCodes).map(({ code, meaning }) => `  ${String(code).padEnd(5)}${meaning}`);
  return ['Exit codes:', ...lines].join('\n');
}
