import { setTimeout as delay } from 'node:timers/promises';
import type { Host } from '@cutover/host';
import type { CloneReport } from '../git/clone-report.ts';
import type { Deadline } from './deadline.ts';
import { type Frozen, freeze } from './freeze.ts';
import { glanceAtClone } from './glance-at-clone.ts';
import { inspectWithin } from './inspect-within.ts';
import type { QuiesceOptions } from './quiesce-report.ts';

/** How long a look that is under way at the deadline may go on, in milliseconds: with all the rest less than 1 s. */
const lastLook = 600;
/** How long a rig is held frozen for a look, in milliseconds. */
const longestLook = 20_000;
/** After how many seconds the host lets it go on in any case. */
const longestFreeze = 60;
/** The share of the wait in which what is at work may end by itself. */
const turnShare = 0.75;
/** The longest pause between two times of being frozen, in milliseconds: each takes a moment from the agents. */
const longestPause = 5000;

/**
 * Waits until all clones are at a safe point and stay there while nothing of the rig moves, or until the deadline. A
 * glance, which is quick, says when it is worth while to stop the rig for a whole look.
 *
 * @returns what was frozen, for the rig to be ended out of that stillness.
 */
export async function waitForSafePoint(
  host: Host,
  options: QuiesceOptions,
  deadline: Deadline,
): Promise<{ readonly frozen: Frozen | undefined; readonly deadlineHit: boolean }> {
  const { interval = 200, signal, onEvent = () => {} } = options;
  const end = performance.now() + deadline.left;
  const turnsEnd = end - deadline.left * (1 - turnShare);
  for (let pause = interval; ;) {
    const turns = performance.now() < turnsEnd ? await turnsOf(options, turnsEnd) : [];
    let unsafe: readonly CloneReport[] = await glance(host, options, end + lastLook);
    if (unsafe.length === 0 && turns.length === 0) {
      const still = await lookStill(host, options, end + lastLook);
      if (still.unsafe.length === 0) return { frozen: still.frozen, deadlineHit: false };
      unsafe = still.unsafe;
      pause = Math.min(pause * 2, longestPause);
    }
    const remainingMs = Math.max(0, Math.round(end - performance.now()));
    onEvent({ type: 'waiting', unsafe, turns, remainingMs });
    if (remainingMs <= interval) {
      onEvent({ type: 'deadline', unsafe });
      return { frozen: undefined, deadlineHit: true };
    }
    await delay(Math.min(pause, remainingMs), undefined, { signal });
  }
}

async function turnsOf({ turns, signal }: QuiesceOptions, limit: number): Promise<readonly string[]> {
  if (turns === undefined) return [];
  const timeUp = AbortSignal.timeout(Math.max(1, Math.round(limit - performance.now())));
  const either = signal === undefined ? timeUp : AbortSignal.any([signal, timeUp]);
  try {
    return await turns(either);
  } catch (error) {
    if (timeUp.aborted && signal?.aborted !== true) return [];
    throw error;
  }
}

/** A whole look while nothing moves: frozen, or else twice with a pause in between. */
async function lookStill(
  host: Host,
  options: QuiesceOptions,
  limit: number,
): Promise<{ readonly frozen: Frozen | undefined; readonly unsafe: readonly CloneReport[] }> {
  const { interval = 200, signal } = options;
  if (options.freeze === false) {
    const unsafe = await look(host, options, limit);
    if (unsafe.length > 0) return { frozen: undefined, unsafe };
    await delay(interval, undefined, { signal });
    return { frozen: undefined, unsafe: await look(host, options, limit) };
  }
  const frozen = await freeze(host, options.processes, longestFreeze, signal);
  try {
    const unsafe = await look(host, options, Math.min(limit, performance.now() + longestLook));
    if (unsafe.length === 0) {
      await frozen.confirm();
      return { frozen, unsafe };
    }
    await frozen.thaw();
    return { frozen: undefined, unsafe };
  } catch (error) {
    await frozen.thaw().catch(() => undefined);
    throw error;
  }
}

/** The clones of which a glance says that they are not at a safe point, or which could not be glanced at by the limit. */
async function glance(host: Host, { clones, signal }: QuiesceOptions, limit: number): Promise<CloneReport[]> {
  const milliseconds = limit - performance.now();
  const reports = await Promise.all(clones.map((path) => glanceAtClone(host, path, milliseconds, signal)));
  return reports.filter(({ safe }) => !safe);
}

/** The clones that are not at a safe point now, or could not be looked at by the limit. */
async function look(host: Host, { clones, signal }: QuiesceOptions, limit: number): Promise<CloneReport[]> {
  const milliseconds = limit - performance.now();
  const reports = await Promise.all(
    clones.map((path) => inspectWithin(host, path, milliseconds, { signal })),
  );
  return reports.filter(({ safe }) => !safe);
}
