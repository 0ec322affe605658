import type { Host } from '@cutover/host';
import { findProcesses, findRigProcesses, type ProcessSelector, signalProcesses } from './processes.ts';
import thawLater from './thaw-later.sh';

/** Processes that were stopped where they stood. */
export interface Frozen {
  readonly pids: readonly number[];
  /** Lets them go on, after having sent them `signal`, which each takes before its next instruction. */
  thaw(signal?: NodeJS.Signals): Promise<void>;
}

/**
 * Stops every process of a rig with SIGSTOP, children that appear meanwhile included, so that its clones can be
 * looked at while nothing moves. Its tmux servers are stopped first: a server lets a pane that was stopped go on
 * (tmux's server.c, `server_child_stopped`). Should the connection be lost, the host thaws all by itself after
 * `guardSeconds`.
 */
export async function freeze(
  host: Host,
  selector: ProcessSelector,
  guardSeconds: number,
  signal?: AbortSignal,
): Promise<Frozen> {
  const stopped: number[] = [];
  const processes: number[] = [];
  const stop = async (pids: readonly number[]): Promise<void> => {
    if (pids.length === 0) return;
    const words = [String(guardSeconds), ...pids.map(String)];
    await host.run(['sh', '-c', thawLater, 'thaw-later', ...words], { timeout: 20_000, cwd: '/' });
    stopped.push(...pids);
    await signalProcesses(host, 'SIGSTOP', pids);
  };
  const thaw = async (first?: NodeJS.Signals): Promise<void> => {
    if (first !== undefined) await signalProcesses(host, first, processes);
    await signalProcesses(host, 'SIGCONT', stopped);
  };
  try {
    const { sessions } = await findRigProcesses(host, selector, signal);
    await stop([...new Set(sessions.map(({ serverPid }) => serverPid))]);
    for (;;) {
      const found = await findProcesses(host, selector, sessions, signal);
      const fresh = found.processes.map(({ pid }) => pid).filter((pid) => !stopped.includes(pid));
      if (fresh.length === 0) return { pids: processes, thaw };
      processes.push(...fresh);
      await stop(fresh);
    }
  } catch (error) {
    await thaw();
    throw error;
  }
}
