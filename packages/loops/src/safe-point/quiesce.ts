import { setTimeout as delay } from 'node:timers/promises';
import { CommandError, CommandTimeoutError, type Host } from '@cutover/host';
import type { Frozen } from './freeze.ts';
import { inspectWithin } from './inspect-within.ts';
import { findRigProcesses, type ProcessSelector, signalProcesses } from './processes.ts';
import { provesStopped } from './proves-stopped.ts';
import type { QuiescedClone, QuiesceOptions, QuiesceReport } from './quiesce-report.ts';
import { salvageClone } from './salvage.ts';
import { waitForSafePoint } from './wait-for-safe-point.ts';
import { runLimits } from '../processes/run-limits.ts';

/** How long the last look at a clone may take, in milliseconds: while its rig goes on, and once it has ended. */
const briefLook = 5000;
const finalLook = 120_000;

/**
 * Brings a rig to rest: waits until all its clones are at a safe point, stops it there, proves that nothing of it
 * is left, and keeps under a ref whatever is not safe. It needs nothing of the rig but its clones, its processes
 * and a way to stop it, so it also works on a rig that `loops` did not start.
 *
 * @throws {HostConnectionError} the host was lost: nothing is known about the rig then. Processes that were
 * stopped by SIGSTOP go on by themselves within a minute.
 */
export async function quiesce(host: Host, options: QuiesceOptions): Promise<QuiesceReport> {
  const { stopTimeout = 10_000, onEvent = () => {} } = options;
  const started = performance.now();
  const { frozen, deadlineHit } = await waitForSafePoint(host, options);
  const waitedMs = Math.round(performance.now() - started);
  if (!deadlineHit) onEvent({ type: 'safe', waitedMs });
  if (deadlineHit && options.atDeadline === 'leave') {
    const clones = await Promise.all(
      options.clones.map((path) => inspectWithin(host, path, briefLook, { fetch: false })),
    );
    return { safe: false, clones, stopped: await provesStopped(host, options), deadlineHit, waitedMs };
  }
  onEvent({ type: 'stopping' });
  const stopProblem = await stopRig(host, options, frozen, stopTimeout);
  const killed = await endProcesses(
    host,
    options.processes,
    options.stop === undefined ? 0 : stopTimeout,
    stopTimeout,
  );
  if (killed.length > 0) onEvent({ type: 'killed', pids: killed });
  const clones = await Promise.all(options.clones.map((path) => finalReport(host, path, options)));
  const stopped = await provesStopped(host, options);
  return {
    safe: stopped.stopped && clones.every(({ safe }) => safe),
    clones,
    stopped,
    deadlineHit,
    waitedMs,
    stopProblem,
  };
}

/**
 * What is frozen gets TERM before it goes on, so that an agent ends instead of beginning something new. Then the
 * rig's own stop does the rest.
 */
async function stopRig(
  host: Host,
  { stop, hold, signal }: QuiesceOptions,
  frozen: Frozen | undefined,
  timeout: number,
): Promise<string | undefined> {
  const limit = AbortSignal.timeout(timeout);
  const either = signal === undefined ? limit : AbortSignal.any([limit, signal]);
  try {
    await hold?.(either);
  } finally {
    await frozen?.thaw('SIGTERM');
  }
  if (stop === undefined) return undefined;
  if (typeof stop === 'function') {
    await stop(either);
    return undefined;
  }
  try {
    await host.run(stop, runLimits(timeout, signal));
    return undefined;
  } catch (error) {
    if (error instanceof CommandError || error instanceof CommandTimeoutError) return error.message;
    throw error;
  }
}

/** Waits for the rig's processes to end, then ends them: TERM first, KILL when that does not help. */
async function endProcesses(
  host: Host,
  selector: ProcessSelector,
  patience: number,
  grace: number,
): Promise<number[]> {
  const ended = new Set<number>();
  if (await gone(host, selector, patience / 4)) return [];
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const { processes } = await findRigProcesses(host, selector);
    for (const { pid } of processes) ended.add(pid);
    await signalProcesses(
      host,
      signal,
      processes.map(({ pid }) => pid),
    );
    if (await gone(host, selector, signal === 'SIGTERM' ? grace / 4 : grace)) break;
  }
  return [...ended];
}

async function gone(host: Host, selector: ProcessSelector, patience: number): Promise<boolean> {
  const end = performance.now() + patience;
  for (;;) {
    const { processes } = await findRigProcesses(host, selector);
    if (processes.length === 0) return true;
    if (performance.now() >= end) return false;
    await delay(100);
  }
}

async function finalReport(host: Host, path: string, options: QuiesceOptions): Promise<QuiescedClone> {
  const { signal, salvage = {}, onEvent = () => {} } = options;
  const report = await inspectWithin(host, path, finalLook, { signal });
  if (report.safe || salvage === false || report.reasons.some(({ code }) => code === 'not-a-clone'))
    return report;
  try {
    const kept = await salvageClone(host, path, { ...salvage, signal });
    onEvent({ type: 'salvaged', path, salvage: kept });
    return { ...report, salvage: kept };
  } catch (error) {
    return { ...report, salvageProblem: error instanceof Error ? error.message : String(error) };
  }
}
