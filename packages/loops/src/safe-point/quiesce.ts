import type { Host } from '@cutover/host';
import { endProcesses } from './end-processes.ts';
import { inspectWithin } from './inspect-within.ts';
import { keepClone } from './keep-clone.ts';
import { provesStopped } from './proves-stopped.ts';
import type { QuiesceOptions, QuiesceReport } from './quiesce-report.ts';
import { pushSalvages } from './salvage/push-salvages.ts';
import { stopRig } from './stop-rig.ts';
import { Deadline } from './deadline.ts';
import { waitForSafePoint } from './wait-for-safe-point.ts';

/**
 * The most that is kept back of the deadline, in milliseconds, for what follows the wait: half goes to the end of the
 * rig, the rest to what its clones hold.
 */
const mostReserve = 20_000;
/** How long the last look at a clone of a rig that goes on may take, in milliseconds. */
const briefLook = 5000;

/**
 * Brings a rig to rest: waits until all its clones are at a safe point, stops it there, proves that nothing of it
 * is left, and keeps under a ref whatever is not safe. It needs nothing of the rig but its clones, its processes
 * and a way to stop it, so it also works on a rig that `loops` did not start.
 *
 * All of it ends within the deadline. What is not safe by then is kept in the clone before any remote is asked; each
 * question to a remote has what is left.
 *
 * @throws {HostConnectionError} the host was lost: nothing is known about the rig then. Processes that were
 * stopped by SIGSTOP go on by themselves, at the latest after a minute.
 *
 * @example
 * const { safe, clones } = await quiesce(localHost(), {
 *   clones: ['/srv/rig/builder'],
 *   processes: { tmux: [{ sessions: ['builder', 'watchdog'] }] },
 *   stop: ['/srv/rig/launch.sh', 'stop'],
 *   deadline: 60_000,
 * });
 */
export async function quiesce(host: Host, options: QuiesceOptions): Promise<QuiesceReport> {
  const { stopTimeout = 10_000, onEvent = () => {} } = options;
  const deadline = new Deadline(options.deadline);
  const reserve = options.atDeadline === 'leave' ? 0 : Math.min(options.deadline / 2, mostReserve);
  const wait = deadline.before(reserve);
  const [{ frozen, deadlineHit }] = await Promise.all([
    waitForSafePoint(host, options, wait),
    pushEarlierSalvages(host, options, wait),
  ]);
  const waitedMs = deadline.passed;
  if (!deadlineHit) onEvent({ type: 'safe', waitedMs });
  if (deadlineHit && options.atDeadline === 'leave') {
    const clones = await Promise.all(
      options.clones.map((path) => inspectWithin(host, path, briefLook, { fetch: false })),
    );
    return { safe: false, clones, stopped: await provesStopped(host, options), deadlineHit, waitedMs };
  }
  onEvent({ type: 'stopping' });
  const grace = Math.min(stopTimeout, Math.max(deadline.left / 4, 100));
  const problems = await stopRig(host, options, frozen, grace);
  const killed = await endProcesses(
    host,
    options.processes,
    options.stop === undefined ? 0 : grace / 4,
    grace,
  );
  if (killed.length > 0) onEvent({ type: 'killed', pids: killed });
  const clones = await Promise.all(
    options.clones.map((path) => {
      const known = deadlineHit ? 'nothing' : frozen === undefined ? 'moving' : 'still';
      return keepClone(host, path, options, deadline, known);
    }),
  );
  const stopped = await provesStopped(host, options);
  return {
    safe: stopped.stopped && problems.holdProblem === undefined && clones.every(({ safe }) => safe),
    clones,
    stopped,
    deadlineHit,
    waitedMs,
    ...problems,
  };
}

/** What was kept before and never got to a remote would be only here still. */
async function pushEarlierSalvages(host: Host, options: QuiesceOptions, { left }: Deadline): Promise<void> {
  const { clones, salvage = {}, signal } = options;
  if (salvage === false || salvage.push === false) return;
  await Promise.all(clones.map((path) => pushSalvages(host, path, left, signal)));
}
