import { DeployError, type DeployErrorCode } from './errors.ts';

/** The exit codes of the command, one per kind of end. Stable. */
export const deployExitCodes: Readonly<Record<DeployErrorCode, number>> = {
  PREFLIGHT_FAILED: 10,
  LOCKED: 11,
  EVALUATION_FAILED: 12,
  BUILD_FAILED: 13,
  COPY_FAILED: 14,
  ACTIVATION_FAILED: 15,
  NEEDS_REBOOT: 16,
  HEALTH_CHECK_FAILED: 17,
  NOT_CONFIRMED: 18,
  BOOT_LOADER_FAILED: 19,
  RESTORE_FAILED: 20,
  OUTCOME_UNKNOWN: 21,
  NO_SUCH_GENERATION: 22,
  REBOOT_NOT_PROVEN: 23,
  FLEET_FAILED: 24,
};

/** @returns the exit code for an error of this package, `undefined` for any other. */
export function deployExitCode(error: unknown): number | undefined {
  return error instanceof DeployError ? deployExitCodes[error.code] : undefined;
}
