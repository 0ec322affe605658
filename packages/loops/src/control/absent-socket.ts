import { readdir, readFile, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { isErrno, unlessAbsent } from '@cutover/foundation/errno';
import type { RigConfig } from '../config/rig-config.ts';
import { controlSocket } from '../config/rig-places.ts';
import { LoopsError } from '../errors.ts';
import { lockPath } from '../state/rig-lock.ts';
import { listens } from '../tmux/tmux-server.ts';

/** How long a supervisor that is there may take to have a socket: it has just begun, or the socket was deleted. */
const patience = 3000;

/**
 * Whether a supervisor that could not be reached can be reached now: one that holds the rig and has no socket yet, or whose
 * socket was deleted, is waited for.
 *
 * @throws {LoopsError} `SUPERVISOR_SILENT`: it holds the rig, and makes no socket.
 */
export async function hasSocketAgain(config: RigConfig, signal: AbortSignal | undefined): Promise<boolean> {
  const socket = controlSocket(config);
  const end = performance.now() + patience;
  for (;;) {
    const pid = await supervisorOf(config);
    if (pid === undefined) return false;
    if (await listens(socket)) return true;
    if (performance.now() > end) {
      throw new LoopsError(
        'SUPERVISOR_SILENT',
        `the supervisor with pid ${pid} holds the rig and does not listen at ${socket}, where it makes a deleted socket ` +
          'again at once: loops history says what is in its way, or it hangs and must be killed; the agents live on',
      );
    }
    await delay(50, undefined, { signal });
  }
}

/** The process that holds the rig's lock as its supervisor: what the lock says, as long as that process has it open. */
async function supervisorOf({ stateDir }: RigConfig): Promise<number | undefined> {
  const path = lockPath(stateDir);
  const words = (await unlessAbsent(readFile(path, 'utf8'))) ?? '';
  const pid = /^supervisor with pid (\d+)/.exec(words)?.[1];
  if (pid === undefined) return undefined;
  try {
    const { ino, dev } = await stat(path);
    for (const fd of await readdir(`/proc/${pid}/fd`)) {
      const file = await unlessAbsent(stat(`/proc/${pid}/fd/${fd}`));
      if (file?.ino === ino && file.dev === dev) return Number(pid);
    }
    return undefined;
  } catch (error) {
    // It ended, or is another user's.
    if (isErrno(error, 'ENOENT', 'ESRCH', 'EACCES')) return undefined;
    throw error;
  }
}
