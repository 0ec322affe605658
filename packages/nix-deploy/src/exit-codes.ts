import { textTable } from '@cutover/foundation/text-table';

/** One way in which the command ends. */
export interface DeployExitCode {
  readonly exit: number;
  /** The codes of the errors that end the command with it. */
  readonly errors: readonly string[];
  readonly meaning: string;
  /** What became of the target. */
  readonly target: string;
}

const row = (exit: number, errors: readonly string[], meaning: string, target = ''): DeployExitCode => ({
  exit,
  errors,
  meaning,
  target,
});

/** The exit codes of the command. Stable; the help and the documentation are held to this table. */
export const deployExitCodes: readonly DeployExitCode[] = [
  row(0, [], 'done, or nothing to do'),
  row(1, [], 'failed otherwise, e.g. the target cannot be reached', 'nothing changed'),
  row(2, ['USAGE', 'CONFIG_INVALID', 'OPTIONS_INVALID'], 'wrong arguments or config file', 'nothing changed'),
  row(10, ['PREFLIGHT_FAILED'], 'preflight found reasons not to begin', 'nothing changed'),
  row(11, ['TARGET_LOCKED'], 'another deploy or rebuild is under way', 'nothing changed'),
  row(12, ['EVALUATION_FAILED'], 'evaluation failed; nothing was built', 'nothing changed'),
  row(13, ['BUILD_FAILED'], 'build failed, whatever code nix gave', 'nothing changed'),
  row(14, ['COPY_FAILED'], 'copy failed, or an unsigned closure was refused', 'nothing changed'),
  row(15, ['SWITCH_FAILED'], 'activation failed', 'restored'),
  row(16, ['NEEDS_REBOOT'], 'activation needs a reboot', 'nothing changed'),
  row(17, ['HEALTH_CHECK_FAILED'], 'a health check failed', 'restored'),
  row(18, ['NOT_CONFIRMED'], 'not confirmed in time', 'restored'),
  row(19, ['BOOT_LOADER_FAILED'], 'the boot loader could not be installed', 'restored'),
  row(20, ['RESTORE_FAILED'], 'restoring failed: look at the machine', 'see the error'),
  row(21, ['OUTCOME_UNKNOWN'], 'the outcome is unknown', 'restored, or what booted before'),
  row(22, ['NO_SUCH_GENERATION'], 'no such generation', 'nothing changed'),
  row(23, ['REBOOT_NOT_PROVEN'], 'the reboot was not proven', 'see the error'),
  row(24, ['FLEET_FAILED'], 'some of several targets failed', 'see each result'),
  row(130, ['INTERRUPTED'], 'interrupted by Ctrl-C', 'restored unless it was confirmed'),
  row(141, [], 'the reader of the output went away', 'restored unless it was confirmed'),
  row(143, [], 'interrupted by TERM', 'restored unless it was confirmed'),
];

/** @returns the exit code for an error of this package, `undefined` for any other. */
export function deployExitCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('code' in error) || error.code === 'INTERRUPTED') return undefined;
  return exitCodeOf(error.code);
}

/** @returns the exit code for the code of an error of this package, `undefined` for any other. */
export function exitCodeOf(code: unknown): number | undefined {
  return deployExitCodes.find(({ errors }) => errors.some((one) => one === code))?.exit;
}

/** The part of `--help` that lists them. */
export function exitCodeHelp(): string {
  const rows = deployExitCodes.map(({ exit, meaning, target }) => [`  ${exit}`, meaning, target]);
  return ['', 'Exit codes, and what became of the target:', ...textTable(rows)].join('\n');
}
