import { setTimeout as delay } from 'node:timers/promises';
import { localHost } from '@cutover/host';
import type { RigConfig } from '../config/rig-config.ts';
import { tmuxSocket } from '../config/rig-places.ts';
import { findRigProcesses, signalProcesses } from '../safe-point/processes.ts';
import { rigProcesses } from './rig-processes.ts';

/** Ends loops without a supervisor, all that runs without names: TERM, KILL after the rig's grace, then their sessions. */
export async function endLoops(
  config: RigConfig,
  names: readonly string[] | undefined,
  grace: number = config.stopGrace,
): Promise<void> {
  await using host = localHost();
  const selector = await rigProcesses(config, names);
  const found = await findRigProcesses(host, selector);
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const { processes } = await findRigProcesses(host, selector);
    const pids = processes.map(({ pid }) => pid);
    await signalProcesses(host, signal, pids);
    await signalProcesses(host, 'SIGCONT', pids);
    const end = performance.now() + grace;
    while (performance.now() < end && (await findRigProcesses(host, selector)).processes.length > 0)
      await delay(50);
  }
  for (const { session } of found.sessions) {
    await host.run(['tmux', '-S', tmuxSocket(config), 'kill-session', '-t', `=${session}:`], {
      reject: false,
    });
  }
}
