import type { Host } from '@cutover/host';
import { startHold } from './hold-still.ts';
import { findProcesses, findRigProcesses, type ProcessSelector, signalProcesses } from './processes.ts';

/** Processes that were stopped where they stood. */
export interface Frozen {
  readonly pids: readonly number[];
  /** @throws they may have gone on meanwhile: the connection was lost, or what held them was ended. */
  confirm(): Promise<void>;
  /** Lets them go on, after having sent them `signal`, which each takes before its next instruction. */
  thaw(signal?: NodeJS.Signals): Promise<void>;
}

/**
 * Stops every process of a rig with SIGSTOP, children that appear meanwhile included, so that its clones can be
 * looked at while nothing moves. Its tmux servers are stopped first: a server lets a pane that was stopped go on
 * (tmux's server.c, `server_child_stopped`). Should this program end or the connection be lost, they go on at once, and
 * after `longest` seconds in any case.
 */
export async function freeze(
  host: Host,
  selector: ProcessSelector,
  longest: number,
  signal?: AbortSignal,
): Promise<Frozen> {
  const stopped: number[] = [];
  const processes: number[] = [];
  const { sessions } = await findRigProcesses(host, selector, signal);
  const hold = startHold(host, longest);
  const stop = async (pids: readonly number[]): Promise<void> => {
    if (pids.length === 0) return;
    stopped.push(...pids);
    await hold.add(pids);
  };
  const thaw = async (first?: NodeJS.Signals): Promise<void> => {
    if (first !== undefined) await signalProcesses(host, first, processes);
    await hold.end();
  };
  try {
    await stop([...new Set(sessions.map(({ serverPid }) => serverPid))]);
    for (;;) {
      const found = await findProcesses(host, selector, sessions, signal);
      const fresh = found.processes.map(({ pid }) => pid).filter((pid) => !stopped.includes(pid));
      if (fresh.length === 0) return { pids: processes, confirm: hold.confirm, thaw };
      processes.push(...fresh);
      await stop(fresh);
    }
  } catch (error) {
    // Where it cannot be told to, it has noticed already.
    await thaw().catch(() => undefined);
    throw error;
  }
}
