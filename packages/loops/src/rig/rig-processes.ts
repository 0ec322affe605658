import { readFile } from 'node:fs/promises';
import { unlessAbsent } from '@cutover/foundation/errno';
import type { RigConfig } from '../config/rig-config.ts';
import { tmuxSocket } from '../config/rig-places.ts';
import type { ProcessSelector } from '../safe-point/processes.ts';
import { lockPath } from '../state/rig-lock.ts';
import { recallTmuxServer } from '../tmux/recall-server.ts';
import { listens } from '../tmux/tmux-server.ts';
import { hubSession } from '../tmux/rig-tmux.ts';

/**
 * Which processes and sessions of this machine are a rig's: all that runs on its tmux server, loops that are not in the
 * config any more included, and what works in its clones without a terminal.
 *
 * @param names only these loops, without what they have left in their clones.
 */
export async function rigProcesses(config: RigConfig, names?: readonly string[]): Promise<ProcessSelector> {
  const socket = tmuxSocket(config);
  if (!(await listens(socket))) await recallTmuxServer(socket);
  if (names !== undefined) return { tmux: [{ socket, sessions: names }] };
  const holder = (await unlessAbsent(readFile(lockPath(config.stateDir), 'utf8'))) ?? '';
  const supervisor = /^supervisor with pid (\d+)/.exec(holder)?.[1];
  return {
    tmux: [{ socket, exceptSessions: [hubSession] }],
    detachedIn: config.loops.flatMap(({ clone }) => clone ?? []),
    except: supervisor === undefined ? [] : [Number(supervisor)],
  };
}
