import { isErrno } from '@cutover/foundation/errno';

/** Sends a signal to a process, or with a negative number to its group; false when it is gone. */
export function endProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    if (isErrno(error, 'ESRCH')) return false;
    throw error;
  }
}
