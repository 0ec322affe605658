import { SecretsError } from '../errors.ts';

/** The exit codes of `secrets` beyond the shared ones; stable. */
export const exitCodes = {
  /** A check found something: verify, guard, scan, lint. */
  findings: 10,
  /** None of the identities opens the file. */
  noIdentity: 11,
  /** The file was changed, or is damaged. */
  tampered: 12,
} as const;

/** The exit code of an error, or `undefined` for the shared ones. */
export function secretsExitCode(error: unknown): number | undefined {
  if (!(error instanceof SecretsError)) return undefined;
  switch (error.code) {
    case 'NO_IDENTITY':
      return exitCodes.noIdentity;
    case 'MAC_MISMATCH':
    case 'DECRYPT_FAILED':
      return exitCodes.tampered;
    case 'LEAK_FOUND':
      return exitCodes.findings;
    case 'CONFIG_INVALID':
      return 2;
    default:
      return undefined;
  }
}
