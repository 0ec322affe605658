import { setTimeout as delay } from 'node:timers/promises';
import { endProcess } from '../../processes/end-process.ts';
import type { Pane, RigTmux } from '../../tmux/rig-tmux.ts';
import { isAlive, isZombie } from '../../processes/reap-runs.ts';

/** How long tmux may take to hand the last output on, in milliseconds. */
const flushPatience = 500;

/**
 * Ends an agent in order: TERM to its process group, KILL after `grace` milliseconds, and a wait until its last
 * output is in its log.
 */
export async function endAgent(tmux: RigTmux, pane: Pane, grace: number): Promise<void> {
  const end = performance.now() + grace;
  endProcess(-pane.pid, 'SIGTERM');
  endProcess(-pane.pid, 'SIGCONT');
  while (isAlive(pane.pid) && !isZombie(pane.pid) && performance.now() < end) await delay(20);
  endProcess(-pane.pid, 'SIGKILL');
  const flushed = performance.now() + flushPatience;
  while (performance.now() < flushed) {
    const now = (await tmux.panes()).find(({ id }) => id === pane.id);
    if (now === undefined || now.dead) return;
    // A child that tmux has missed stays a zombie: it asks again when it hears of one.
    endProcess(pane.serverPid, 'SIGCHLD');
    await delay(20);
  }
}
