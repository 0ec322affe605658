import { readFile, readdir } from 'node:fs/promises';
import { isErrno } from '@cutover/foundation/errno';

/** A process of this machine, known well enough not to be mistaken for a later one with its number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from boot to its start: field 22 of /proc/PID/stat (proc(5)). */
  readonly startTime: string;
}

/** Who `pid` is now; `undefined` when there is none, or only its corpse. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const stat = await readProc(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The command's name comes in parentheses and may hold anything, so fields are counted from the last of them.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTime] = [fields[0], fields[19]];
  return state === 'Z' || startTime === undefined ? undefined : { pid, startTime };
}

/** Whether that very process still runs. */
export async function isAlive({ pid, startTime }: ProcessIdentity): Promise<boolean> {
  return (await identify(pid))?.startTime === startTime;
}

/** The numbers of all processes. */
export async function allPids(): Promise<number[]> {
  return (await readdir('/proc')).map(Number).filter((pid) => Number.isInteger(pid) && pid > 0);
}

/** Processes that bear `folder` in their command line or work with it as their `INCUS_DIR`: a daemon and its helpers. */
export async function processesOf(folder: string): Promise<number[]> {
  return filterPids(async (pid) => {
    const argv = (await readProc(`/proc/${pid}/cmdline`))?.split('\0') ?? [];
    if (argv.some((word) => word.includes(`${folder}/`))) return true;
    const env = (await readProc(`/proc/${pid}/environ`))?.split('\0') ?? [];
    return env.includes(`INCUS_DIR=${folder}/incus`);
  });
}

/** Ends processes: TERM where there is time for it, then KILL, and waits until they are gone. */
export async function endProcesses(pids: readonly number[], grace = 0): Promise<void> {
  const processes = (await Promise.all(pids.map(identify))).filter((found) => found !== undefined);
  const signal = (name: NodeJS.Signals) => {
    for (const { pid } of processes) {
      try {
        process.kill(pid, name);
      } catch (error) {
        if (!isErrno(error, 'ESRCH')) throw error;
      }
    }
  };
  if (grace > 0) {
    signal('SIGTERM');
    if (await allGone(processes, grace)) return;
  }
  signal('SIGKILL');
  await allGone(processes, 5_000);
}

async function allGone(processes: readonly ProcessIdentity[], within: number): Promise<boolean> {
  const deadline = performance.now() + within;
  // The end of a process that is not our child has no event here but a pidfd, which Node does not offer.
  while (performance.now() < deadline) {
    if ((await Promise.all(processes.map(isAlive))).every((alive) => !alive)) return true;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return false;
}

/** The processes, without this one, that match. */
export async function filterPids(matches: (pid: number) => Promise<boolean>): Promise<number[]> {
  const pids = (await allPids()).filter((pid) => pid !== process.pid);
  const answers = await Promise.all(pids.map(matches));
  return pids.filter((_, index) => answers[index] === true);
}

/** A file of /proc; `undefined` when its process ended meanwhile. */
export async function readProc(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(gone);
}

/** For a look into /proc that fails because the process has ended, or is one of the kernel's. */
export function gone(error: unknown): undefined {
  if (isErrno(error, 'ENOENT', 'ESRCH', 'EACCES', 'EINVAL')) return undefined;
  throw error;
}
