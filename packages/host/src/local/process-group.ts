import { existsSync } from 'node:fs';

import { isErrno } from '@cutover/foundation/errno';
import { onExit } from 'signal-exit';

const running = new Set<ProcessGroup>();
let release: (() => void) | undefined;

/** The process group that a command on this machine leads. */
export interface ProcessGroup {
  /** Signals the group; nothing happens once it is gone. */
  kill(signal: NodeJS.Signals): void;
  /** The leader has ended, and its pid may soon be another process's. */
  ended(): void;
}

/**
 * The group of a leader that runs. Should this process exit or be ended by a signal before the leader has ended, the
 * group is ended with it.
 */
export function createProcessGroup(leader: number): ProcessGroup {
  let state: 'running' | 'ended' | 'gone' = 'running';
  const group: ProcessGroup = {
    kill: (signal) => {
      // Its number stays taken while others are in the group; a process that bears it is a later one.
      if (state === 'gone' || (state === 'ended' && existsSync(`/proc/${leader}`))) return;
      signalGroup(leader, signal);
    },
    ended: () => {
      state = signalGroup(leader, 0) ? 'ended' : 'gone';
      running.delete(group);
      if (running.size > 0) return;
      release?.();
      release = undefined;
    },
  };
  running.add(group);
  release ??= onExit(() => {
    for (const each of running) endIfOurs(each);
  });
  return group;
}

/** One of another user's, as of `sudo`, goes on; it must not keep the others from being ended. */
function endIfOurs(group: ProcessGroup): void {
  try {
    group.kill('SIGTERM');
  } catch (error) {
    if (!isErrno(error, 'EPERM')) throw error;
  }
}

/** Whether the group has processes. */
function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-leader, signal);
    return true;
  } catch (error) {
    if (isErrno(error, 'ESRCH')) return false;
    // Another user's, as of `sudo`: it is there, and cannot be signalled.
    if (signal === 0 && isErrno(error, 'EPERM')) return true;
    throw error;
  }
}
