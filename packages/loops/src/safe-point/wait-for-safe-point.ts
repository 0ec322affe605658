import { setTimeout as delay } from 'node:timers/promises';
import type { Host } from '@cutover/host';
import type { CloneReport } from '../git/clone-report.ts';
import { type Frozen, freeze } from './freeze.ts';
import { inspectWithin } from './inspect-within.ts';
import type { QuiesceOptions } from './quiesce-report.ts';

/** How long a look that is under way at the deadline may go on, in milliseconds: with all the rest less than 1 s. */
const lastLook = 600;

/**
 * Waits until all clones are at a safe point and stay there while nothing of the rig moves, or until the deadline.
 *
 * @returns what was frozen, for the rig to be ended out of that stillness.
 */
export async function waitForSafePoint(
  host: Host,
  options: QuiesceOptions,
): Promise<{ readonly frozen: Frozen | undefined; readonly deadlineHit: boolean }> {
  const { interval = 200, signal, onEvent = () => {} } = options;
  const end = performance.now() + options.deadline;
  for (let fetch = true; ; fetch = false) {
    const unsafe = await look(host, options, fetch, end + lastLook);
    if (unsafe.length === 0) {
      const still = await lookStill(host, options, end + lastLook);
      if (still !== undefined) return { frozen: still.frozen, deadlineHit: false };
    } else
      onEvent({ type: 'waiting', unsafe, remainingMs: Math.max(0, Math.round(end - performance.now())) });
    if (performance.now() + interval >= end) {
      onEvent({ type: 'deadline', unsafe });
      return { frozen: undefined, deadlineHit: true };
    }
    await delay(interval, undefined, { signal });
  }
}

/** A second look while nothing moves: frozen, or else once more after a pause. */
async function lookStill(
  host: Host,
  options: QuiesceOptions,
  limit: number,
): Promise<{ readonly frozen: Frozen | undefined } | undefined> {
  const { interval = 200, signal } = options;
  if (options.freeze === false) {
    await delay(interval, undefined, { signal });
    return (await look(host, options, true, limit)).length === 0 ? { frozen: undefined } : undefined;
  }
  const frozen = await freeze(host, options.processes, 60, signal);
  try {
    if ((await look(host, options, true, limit)).length === 0) return { frozen };
  } catch (error) {
    await frozen.thaw();
    throw error;
  }
  await frozen.thaw();
  return undefined;
}

/** The clones that are not at a safe point now, or could not be looked at by the limit. */
async function look(
  host: Host,
  { clones, signal }: QuiesceOptions,
  fetch: boolean,
  limit: number,
): Promise<CloneReport[]> {
  const milliseconds = limit - performance.now();
  const how = { fetch, signal };
  const reports = await Promise.all(clones.map((path) => inspectWithin(host, path, milliseconds, how)));
  return reports.filter(({ safe }) => !safe);
}
