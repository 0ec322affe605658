import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { isErrno } from '@cutover/foundation/errno';
import { endProcess } from './end-process.ts';

/**
 * Ends every process that still bears the mark of one of these runs in its environment: those that left their
 * terminal's session, or ignored its end, and so outlive it.
 */
export async function reapRuns(runs: readonly string[]): Promise<number[]> {
  if (runs.length === 0) return [];
  const marks = new Set(runs.map((run) => `LOOPS_RUN=${run}`));
  const reaped: number[] = [];
  for (const name of await readdir('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid || !(await bearsAny(pid, marks))) continue;
    if (endProcess(pid, 'SIGKILL')) reaped.push(pid);
  }
  return reaped;
}

/** Whether there is a process of that number. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !isErrno(error, 'ESRCH');
  }
}

/** Whether a process has ended and its parent has not asked how. */
export function isZombie(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.startsWith('Z', stat.lastIndexOf(')') + 2);
  } catch {
    // Gone altogether, which others notice.
    return false;
  }
}

async function bearsAny(pid: number, marks: ReadonlySet<string>): Promise<boolean> {
  try {
    return (await readFile(`/proc/${pid}/environ`, 'latin1'))
      .split('\0')
      .some((variable) => marks.has(variable));
  } catch {
    // Gone meanwhile, or another user's: not ours in either case.
    return false;
  }
}
