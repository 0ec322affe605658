import { once } from 'node:events';
import type { RigConfig } from '../config/rig-config.ts';
import { controlSocket } from '../config/rig-places.ts';
import { MetricsFile } from '../control/metrics-file.ts';
import { serveControl } from '../control/control-server.ts';
import { LoopsError } from '../errors.ts';
import { CleanupStack } from '../concurrency/cleanup-stack.ts';
import { recordedStatus } from '../rig/recorded-status.ts';
import { answerRequest } from './answer-request.ts';
import { EventLog } from '../events/event-log.ts';
import { createServiceNotifier } from './service-notifier.ts';
import { Supervisor, type SupervisorOptions } from './supervisor.ts';

/** What ends the supervisor, has it read its config again, and hears of its events. */
export interface RunSupervisorOptions extends SupervisorOptions {
  /** Ends the supervisor; the agents live on. */
  readonly signal: AbortSignal;
  /** Has the config file read again each time that it dispatches a `reload` event. */
  readonly reloads?: EventTarget | undefined;
}

/** How a supervisor's time ended. */
export type SupervisorEnd = 'signal' | 'request';

/**
 * Has charge of a rig until `signal` is aborted or a request ends it: supervises its loops, answers the commands,
 * writes the history and tells systemd. The agents live on, unless a request said otherwise. Rejects with what made
 * the supervisor end by itself: a full disk, for example.
 *
 * @example
 * const controller = new AbortController();
 * await runSupervisor(await loadRigConfig('loops.yaml'), { signal: controller.signal });
 */
export async function runSupervisor(
  config: RigConfig,
  options: RunSupervisorOptions,
): Promise<SupervisorEnd> {
  const notifier = createServiceNotifier();
  let early: unknown;
  let fail = (error: unknown): void => {
    early = error;
  };
  await using cleanup = new CleanupStack();
  const log = cleanup.use(await EventLog.open(config, (error) => fail(error)));
  const supervisor = cleanup.use(
    await Supervisor.start(config, {
      ...options,
      onEvent: (event) => {
        log.append(event);
        options.onEvent?.(event);
      },
    }),
  );
  fail = (error) =>
    supervisor.inBackground(async () => {
      throw error;
    });
  if (early !== undefined) throw early;
  const server = await serveControl(controlSocket(config), async (request, signal) =>
    answerRequest(supervisor, request, signal),
  );
  cleanup.use(server);
  cleanup.use(supervisor.keep(server));
  await notifier.ready(`${config.loops.length} loops`);
  const watchdog = setInterval(() => {
    supervisor.inBackground(async () => {
      await supervisor.reconcile();
      await notifier.alive(performance.now());
    });
  }, 10_000);
  cleanup.defer(() => clearInterval(watchdog));
  cleanup.defer(await writeMetrics(supervisor));
  cleanup.defer(reloadOn(options.reloads, supervisor));
  const either = AbortSignal.any([options.signal, supervisor.ended]);
  if (!either.aborted) await once(either, 'abort');
  await notifier.stopping();
  if (supervisor.failure !== undefined) throw supervisor.failure;
  return supervisor.ended.aborted ? 'request' : 'signal';
}

/** @returns what ends the listening. What is wrong with the file is an event. */
function reloadOn(reloads: EventTarget | undefined, supervisor: Supervisor): () => void {
  const reload = (): void =>
    supervisor.inBackground(async () => {
      try {
        await supervisor.reload();
      } catch (error) {
        if (!(error instanceof LoopsError)) throw error;
      }
    });
  reloads?.addEventListener('reload', reload);
  return () => reloads?.removeEventListener('reload', reload);
}

/** @returns what ends the renewing of the metrics file. */
async function writeMetrics(supervisor: Supervisor): Promise<() => unknown> {
  const file = new MetricsFile(supervisor.config, (event) => supervisor.events.emit(event));
  const renewNow = (): Promise<void> => file.renew(() => supervisor.status());
  await renewNow();
  const timer = setInterval(() => supervisor.inBackground(renewNow), 15_000);
  return async () => {
    clearInterval(timer);
    // What runs goes on without a supervisor, or was stopped: either way nothing renews this file.
    await file.renew(() => recordedStatus(supervisor.config));
  };
}
