import { setTimeout as sleep } from 'node:timers/promises';

import { HostConnectionError } from '@cutover/host';

import { LockedError, PreflightError } from '../errors.ts';
import { strands } from '../preflight/connection-units.ts';
import type { TargetlessEvent } from '../events.ts';
import type { CheckResult } from '../health/run-checks.ts';
import { runChecks } from '../health/run-checks.ts';
import type { Settings } from '../options.ts';
import type { Connection } from '../target/connection.ts';
import { reach } from '../target/connection.ts';
import { asRoot, script } from '../target/script.ts';
import { specialised } from '../target/specialised.ts';
import type { Target } from '../target/target.ts';
import { followLog, RefusedError, StrandsError } from './follow.ts';
import { createDeployRecord, type DeployRecord } from './deploy-record.ts';
import connectionUnitsScript from './connection-units.sh';
import decideScript from './decide.sh';
import showLogScript from './show-log.sh';
import startScript from './start.sh';
import supervisorScript from './supervisor.sh';
import switchLockScript from '../target/switch-lock.sh';

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
 * Activates a system that is in the target's store, under the supervision of the target itself.
 *
 * @throws {ActivationError} it did not end well; `restoration` says what runs now.
 * @throws {LockedError} another deploy activates.
 */
export async function activate(
  target: Target,
  connection: Connection,
  toplevel: string,
  settings: Settings,
  emit: (event: TargetlessEvent) => void,
): Promise<ActivationResult> {
  const {
    action,
    id,
    targetPaths: paths,
    confirmTimeout,
    activationTimeout,
    specialisation,
    signal,
  } = settings;
  const seconds = (ms: number): string => String(Math.ceil(ms / 1000));
  const argv = script(
    'start',
    `${showLogScript}${connectionUnitsScript}${startScript}`,
    paths.state,
    `${switchLockScript}${supervisorScript}`,
    settings.mayStop.join(' '),
    settings.installBootLoader ? 'NIXOS_INSTALL_BOOTLOADER=1' : '',
    id,
    paths.profile,
    toplevel,
    specialised(toplevel, specialisation),
    action,
    seconds(confirmTimeout),
    seconds(activationTimeout),
    paths.current,
    settings.generation === undefined ? 'new' : String(settings.generation),
    settings.holder,
  );
  // Twice the activation, for it may have to be undone, and a minute for the network.
  const deadline = performance.now() + 2 * activationTimeout + confirmTimeout + 60_000;
  const record = createDeployRecord();
  let confirming: Promise<readonly CheckResult[]> | undefined;
  let problem: unknown;
  const revokeOnAbort = (): void => void decide(target, settings, 'revoked', 10_000).catch(() => undefined);
  signal?.addEventListener('abort', revokeOnAbort, { once: true });
  try {
    const lines = followLog({
      id,
      state: paths.state,
      privilege: settings,
      started: connection.host.stream(asRoot(argv, settings)),
      connection: connection.host,
      reconnect: async (error) => {
        emit({ type: 'connection-lost', reason: error.message });
        const host = await connection.renew(deadline);
        emit({ type: 'reconnected' });
        return host;
      },
    });
    for await (const line of lines) {
      if (line.type === 'output') {
        record.output(line.text);
        emit({ type: 'output', line: line.text });
        continue;
      }
      const { event } = line;
      record.event(event);
      if (event.type === 'locked' || event.type === 'busy') throw new LockedError(target.name, event.holder);
      if (event.type === 'armed') emit({ type: 'armed', id, previous: event.previous });
      if (event.type === 'activated') emit({ ...event, failedUnits: record.failedUnits });
      if (event.type === 'decided' && event.decision === 'confirmed') emit({ type: 'confirmed' });
      if (event.type === 'profile') emit({ type: 'step', step: 'boot-loader' });
      if (event.type === 'restoring') emit(event);
      if (event.type === 'restored') emit(event);
      if (event.type === 'awaiting' && confirming === undefined) {
        emit({ type: 'step', step: 'confirm' });
        confirming = confirm(target, settings, event.seconds * 1000, emit);
        confirming
          .catch(async (error: unknown) => {
            problem ??= error;
            // What cannot be checked is not confirmed: there is no need to wait for the time to pass.
            await decide(target, settings, 'revoked', 10_000);
          })
          .catch(() => undefined);
      }
    }
  } catch (error) {
    if (error instanceof StrandsError) throw new PreflightError(target.name, [strands(error.units)]);
    if (error instanceof RefusedError) {
      throw record.error(
        { code: 'SWITCH_FAILED', step: 'activate', target: target.name },
        error.message,
        error,
      );
    }
    if (error instanceof HostConnectionError) {
      throw record.error(
        { code: 'OUTCOME_UNKNOWN', step: 'activate', target: target.name },
        `${target.name} could not be reached again (${error.message})`,
        error,
      );
    }
    throw error;
  } finally {
    signal?.removeEventListener('abort', revokeOnAbort);
  }
  const [health] = await Promise.allSettled([confirming ?? Promise.resolve([])]);
  signal?.throwIfAborted();
  return await conclude(target, connection, settings, record, health, problem);
}

/** What is to be said of a deploy that has ended. */
async function conclude(
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
      `${target.name} cannot switch to this system while it runs; deploy it with the action boot, then reboot`,
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
      activationMessage(target, record),
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

function activationMessage(target: Target, { exitCode, failedUnits, log }: DeployRecord): string {
  const why =
    failedUnits.length > 0
      ? `units failed: ${failedUnits.join(', ')}`
      : exitCode === 124 || exitCode === 137
        ? 'it took longer than the activation may'
        : log.trimEnd().split('\n').slice(-3).join('\n');
  return `the activation on ${target.name} ended with exit code ${exitCode}: ${why}`;
}

function diskFull(log: string, { targetPaths: { boot } }: Settings): string {
  return /No space left/.test(log) ? `: ${boot} is full; remove old generations (nix-deploy gc)` : '';
}

/** Health checks on a connection that did not exist before, then the decision. */
async function confirm(
  target: Target,
  settings: Settings,
  patience: number,
  emit: (event: TargetlessEvent) => void,
): Promise<readonly CheckResult[]> {
  const end = performance.now() + patience;
  // A tenth of the time, at most five seconds, stays for saying so.
  const deadline = end - Math.min(5000, patience / 10);
  const { healthChecks, signal } = settings;
  for (;;) {
    try {
      // Whether it can be reached shows in what is asked of it: a connection of its own would only cost time.
      await using fresh = await target.connect(signal);
      const results = await runChecks(fresh, healthChecks, {
        deadline,
        signal,
        onResult: (result) => emit({ type: 'health', ...result }),
      });
      const argv = script(
        'decide',
        decideScript,
        settings.targetPaths.state,
        settings.id,
        results.every((result) => result.ok) ? 'confirmed' : 'revoked',
      );
      await fresh.run(asRoot(argv, settings), {
        timeout: Math.max(1000, Math.ceil(end - performance.now())),
      });
      return results;
    } catch (error) {
      if (!(error instanceof HostConnectionError) || performance.now() > deadline) throw error;
    }
    await sleep(500, undefined, { signal });
  }
}

async function decide(
  target: Target,
  settings: Settings,
  decision: 'revoked',
  patience: number,
): Promise<void> {
  await using fresh = await reach(target, performance.now() + patience);
  const argv = script('decide', decideScript, settings.targetPaths.state, settings.id, decision);
  await fresh.run(asRoot(argv, settings), { timeout: patience });
}

async function readJournal(connection: Connection, settings: Settings): Promise<string> {
  const argv = script(
    'journal',
    'cat "$1" 2> /dev/null || :',
    `${settings.targetPaths.state}/deploys/${settings.id}/journal`,
  );
  return await connection.runAgain(asRoot(argv, settings), performance.now() + 20_000);
}
