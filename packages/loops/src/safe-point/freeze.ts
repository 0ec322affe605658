import type { Host } from '@cutover/host';
import { findRigProcesses, type ProcessSelector, signalProcesses } from './processes.ts';

/** Processes that were stopped where they stood. */
export interface Frozen {
  readonly pids: readonly number[];
  /** Lets them go on. */
  thaw(): Promise<void>;
}

/** Started before anything is stopped, it lets all go on by itself should nobody come back to do so. */
const thawLater = 'sleep "$1"; shift; kill -s CONT "$@" 2>/dev/null; :';

/**
 * Stops every process of a rig with SIGSTOP, children that appear meanwhile included, so that its clones can be
 * looked at while nothing moves. Should the connection be lost, the host thaws them itself after `guardSeconds`.
 */
export async function freeze(
  host: Host,
  selector: ProcessSelector,
  guardSeconds: number,
  signal?: AbortSignal,
): Promise<Frozen> {
  const frozen = new Set<number>();
  const thaw = async (): Promise<void> => signalProcesses(host, 'SIGCONT', [...frozen]);
  try {
    for (;;) {
      const { processes } = await findRigProcesses(host, selector, signal);
      const fresh = processes.map(({ pid }) => pid).filter((pid) => !frozen.has(pid));
      if (fresh.length === 0) return { pids: [...frozen], thaw };
      await host.run(
        [
          'sh',
          '-c',
          'setsid sh -c "$0" thaw "$@" </dev/null >/dev/null 2>&1 &',
          thawLater,
          String(guardSeconds),
          ...fresh.map(String),
        ],
        { timeout: 20_000, cwd: '/' },
      );
      for (const pid of fresh) frozen.add(pid);
      await signalProcesses(host, 'SIGSTOP', fresh);
    }
  } catch (error) {
    await thaw();
    throw error;
  }
}
