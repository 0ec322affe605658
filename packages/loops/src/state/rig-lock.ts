import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type KernelLock, takeKernelLock } from '@cutover/foundation/kernel-lock';
import { LoopsError } from '../errors.ts';

/** How long a command that holds the lock is waited for, in milliseconds. */
const patience = 5000;
/** Between two attempts, in milliseconds. */
const pause = 50;

/** A supervisor holds the lock for as long as it runs, a command for a moment. */
export type LockHolder = 'supervisor' | 'command';

/** The file whose kernel lock is the right to change a rig. */
export function lockPath(stateDir: string): string {
  return join(stateDir, 'lock');
}

/**
 * Holds the one right to change a rig on this machine until it is disposed or the process ends, however it ends. A
 * command that holds it is waited for, a supervisor is not.
 *
 * @param stateDir must exist.
 * @throws {LoopsError} `SUPERVISOR_RUNNING`: another process holds it.
 */
export async function lockRig(stateDir: string, holder: LockHolder): Promise<KernelLock> {
  const path = lockPath(stateDir);
  const end = performance.now() + patience;
  let before: string | undefined;
  for (;;) {
    const attempt = await takeKernelLock(path, { holder: `${holder} with pid ${process.pid}` });
    if (attempt.taken) return attempt.lock;
    const present = attempt.holder;
    // One reading may be what a holder before it left, which was killed: the file is locked first and written then.
    const isSupervisor = present.startsWith('supervisor') && present === before;
    if (isSupervisor || performance.now() > end) {
      throw new LoopsError(
        'SUPERVISOR_RUNNING',
        `another process holds the rig in ${stateDir}: ${present}; ask it with loops status, or end it with loops down`,
      );
    }
    before = present;
    await delay(pause);
  }
}
