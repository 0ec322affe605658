import { setTimeout as delay } from 'node:timers/promises';
import type { Host } from '@cutover/host';
import { findRigProcesses, type ProcessSelector, signalProcesses } from './processes.ts';

/**
 * Waits for a rig's processes to end, then ends them: TERM first, KILL when that does not help.
 *
 * @param patience milliseconds for them to end by themselves.
 * @param grace milliseconds after TERM.
 * @returns those that were ended.
 */
export async function endProcesses(
  host: Host,
  selector: ProcessSelector,
  patience: number,
  grace: number,
): Promise<number[]> {
  const ended = new Set<number>();
  if (await gone(host, selector, patience)) return [];
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const { processes } = await findRigProcesses(host, selector);
    const pids = processes.map(({ pid }) => pid);
    for (const pid of pids) ended.add(pid);
    await signalProcesses(host, signal, pids);
    // One that was stopped takes TERM only when it goes on.
    if (signal === 'SIGTERM') await signalProcesses(host, 'SIGCONT', pids);
    if (await gone(host, selector, signal === 'SIGTERM' ? grace : killPatience)) break;
  }
  return [...ended];
}

/** How long the kernel may take to be rid of what was killed, in milliseconds. */
const killPatience = 5000;

async function gone(host: Host, selector: ProcessSelector, patience: number): Promise<boolean> {
  const end = performance.now() + patience;
  for (;;) {
    const { processes } = await findRigProcesses(host, selector);
    if (processes.length === 0) return true;
    if (performance.now() >= end) return false;
    await delay(50);
  }
}
