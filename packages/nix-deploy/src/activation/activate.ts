import { HostConnectionError } from '@cutover/host';

import { LockedError, PreflightError } from '../errors.ts';
import { strands } from '../preflight/connection-units.ts';
import type { TargetlessEvent } from '../events.ts';
import type { CheckResult } from '../health/run-checks.ts';
import type { Settings } from '../options.ts';
import type { Connection } from '../target/connection.ts';
import { asRoot, script } from '../target/script.ts';
import { specialised } from '../target/specialised.ts';
import type { Target } from '../target/target.ts';
import { type ActivationResult, conclude } from './conclude.ts';
import { confirm, decide } from './confirm.ts';
import { followLog, RefusedError, StrandsError } from './follow.ts';
import { createDeployRecord } from './deploy-record.ts';
import connectionUnitsScript from './connection-units.sh';
import { overriddenInhibitors } from './override-inhibitors.ts';
import showLogScript from './show-log.sh';
import startScript from './start.sh';
import supervisorScript from './supervisor.sh';
import switchLockScript from '../target/switch-lock.sh';

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
  const activated = specialised(toplevel, specialisation);
  const overridden = await overriddenInhibitors(connection.host, activated, settings);
  if (overridden.length > 0) {
    const message = `pre-switch checks are left out, for these inhibitors are overridden: ${overridden.join(', ')}`;
    emit({ type: 'warning', message });
  }
  const variables = [
    ...(settings.installBootLoader ? ['NIXOS_INSTALL_BOOTLOADER=1'] : []),
    ...(overridden.length > 0 ? ['NIXOS_NO_CHECK=1'] : []),
  ];
  const seconds = (ms: number): string => String(Math.ceil(ms / 1000));
  const argv = script(
    'start',
    `${showLogScript}${connectionUnitsScript}${startScript}`,
    paths.state,
    `${switchLockScript}${supervisorScript}`,
    settings.mayStop.join(' '),
    variables.join(' '),
    id,
    paths.profile,
    toplevel,
    activated,
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
  signal?.throwIfAborted();
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
        { code: record.started ? 'OUTCOME_UNKNOWN' : 'SWITCH_FAILED', step: 'activate', target: target.name },
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
  if (signal?.aborted === true && record.outcome === 'committed') {
    const message = 'it had been confirmed before it was interrupted: the new system stays';
    emit({ type: 'warning', message });
  }
  signal?.throwIfAborted();
  return await conclude(target, connection, settings, record, health, problem);
}
