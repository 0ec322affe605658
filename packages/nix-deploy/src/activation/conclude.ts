import type { CheckResult } from '../health/run-checks.ts';
import type { Settings } from '../options.ts';
import type { Connection } from '../target/connection.ts';
import { asRoot, script } from '../target/script.ts';
import type { Target } from '../target/target.ts';
import type { DeployRecord } from './deploy-record.ts';

export interface ActivationResult {
  /** The generation of the profile that boots now; `undefined` for `test`. */
  readonly generation: number | undefined;
  /** That of switch-to-configuration: 0, or 4 where only units failed that had failed before. 0 for `boot`. */
  readonly exitCode: number;
  readonly log: string;
  readonly health: readonly CheckResult[];
  readonly warnings: readonly string[];
}

/**
 * What came of a deploy that has ended.
 *
 * @throws {ActivationError} it did not end well.
 */
export async function conclude(
  target: Target,
  connection: Connection,
  settings: Settings,
  record: DeployRecord,
  health: PromiseSettledResult<readonly CheckResult[]>,
  problem: unknown,
): Promise<ActivationResult> {
  const checks = health.status === 'fulfilled' ? health.value : [];
  const named = { target: target.name } as const;
  const { exitCode, outcome, bootLoader } = record;
  if (outcome === 'committed') {
    return {
      generation: record.generation,
      exitCode: exitCode ?? 0,
      log: record.log,
      health: checks,
      warnings: exitCode === 4 ? ['units that had failed before the deploy still fail'] : [],
    };
  }
  if (outcome === undefined) {
    // Once it was confirmed, the profile and the boot loader are changed one after the other.
    const boots = record.decision === 'confirmed' ? 'either system' : 'the system that was there before';
    throw record.error(
      { code: 'OUTCOME_UNKNOWN', step: 'activate', ...named },
      `the supervisor of the deploy on ${target.name} is gone: the machine went down, or the supervisor was killed; it boots ${boots}, and \`nix-deploy generations\` shows what runs`,
    );
  }
  const journal = record.failedUnits.length === 0 ? '' : await readJournal(connection, settings);
  if (bootLoader !== undefined && bootLoader !== 0) {
    throw record.error(
      { code: 'BOOT_LOADER_FAILED', step: 'boot-loader', ...named },
      `${target.name} could not be made to boot the new system${diskFull(record.log, settings)}`,
    );
  }
  if (needsReboot(record)) {
    throw record.error(
      { code: 'NEEDS_REBOOT', step: 'activate', ...named },
      `${target.name} cannot switch to this system while it runs; deploy it with the action boot, then reboot (\`nix-deploy plan\` says what keeps it)`,
    );
  }
  if (
    (outcome === 'untouched' || record.decision === 'revoked') &&
    exitCode !== undefined &&
    problem === undefined &&
    !checks.some((c) => !c.ok)
  ) {
    throw record.error(
      { code: 'SWITCH_FAILED', step: 'activate', ...named },
      activationMessage(target, record, settings),
      undefined,
      journal,
    );
  }
  const failing = checks.filter((check) => !check.ok);
  if (failing.length > 0) {
    throw record.error(
      { code: 'HEALTH_CHECK_FAILED', step: 'health', ...named },
      `${target.name} activated the new system, but ${failing.map((c) => `${c.check}: ${c.detail}`).join('; ')}`,
      problem,
      journal,
    );
  }
  throw record.error(
    { code: 'NOT_CONFIRMED', step: 'confirm', ...named },
    `the deploy to ${target.name} could not be confirmed in time${problem instanceof Error ? ` (${problem.message})` : ''}`,
    problem,
    journal,
  );
}

/** Another init, or a switch inhibitor: a change of a part that cannot be replaced while it runs. */
function needsReboot({ exitCode, outcome, log }: DeployRecord): boolean {
  return (
    exitCode === 100 ||
    (outcome === 'untouched' && /^Pre-switch check '?switchInhibitors'? failed/m.test(log))
  );
}

/** `timeout` ends with 124 or 137, and so may what it runs: a second less is for the network. */
function activationMessage(
  target: Target,
  { exitCode, failedUnits, activationLog, activationTime }: DeployRecord,
  { activationTimeout }: Settings,
): string {
  const late = (exitCode === 124 || exitCode === 137) && activationTime > activationTimeout - 1000;
  const why =
    failedUnits.length > 0
      ? `units failed: ${failedUnits.join(', ')}`
      : late
        ? 'it took longer than the activation may'
        : activationLog.trimEnd().split('\n').slice(-3).join('\n') || 'it wrote nothing';
  return `the activation on ${target.name} ended with exit code ${exitCode}: ${why}`;
}

function diskFull(log: string, { targetPaths: { boot } }: Settings): string {
  return /No space left/.test(log) ? `: ${boot} is full; remove old generations (nix-deploy gc)` : '';
}

/** The journal of the supervisor, which explains a failure. Empty where it cannot be read: the outcome is known without it. */
async function readJournal(connection: Connection, settings: Settings): Promise<string> {
  const argv = script(
    'journal',
    'cat "$1" 2> /dev/null || :',
    `${settings.targetPaths.state}/deploys/${settings.id}/journal`,
  );
  return await connection.runAgain(asRoot(argv, settings), performance.now() + 20_000).catch(() => '');
}
