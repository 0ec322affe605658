import { readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { isErrno, unlessAbsent } from '@cutover/foundation/errno';

/** The runner that holds a state directory. */
export interface Holder {
  readonly pid: number;
  /** Clock ticks since boot at which the process started: a pid that was given out again differs in it. */
  readonly startTime: string;
  readonly bootId: string;
  readonly machineId: string;
  readonly host: string;
  readonly user: string;
  /** ISO 8601. */
  readonly since: string;
}

/** This process, as a holder. */
export async function thisHolder(): Promise<Holder> {
  return {
    pid: process.pid,
    startTime: (await startTimeOf(process.pid)) ?? '',
    bootId: await bootId(),
    machineId: await machineId(),
    host: hostname(),
    user: userInfo().username,
    since: new Date().toISOString(),
  };
}

/** The runner that is named in the holder file; `undefined`: none. */
export async function readHolder(path: string): Promise<Holder | undefined> {
  const text = await unlessAbsent(readFile(path, 'utf8'));
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isHolder(value) ? value : undefined;
  } catch (error) {
    // Half a file is what a runner leaves that was killed while it wrote it: it had started nothing.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isHolder(value: unknown): value is Holder {
  if (typeof value !== 'object' || value === null) return false;
  const members = new Map<string, unknown>(Object.entries(value));
  const texts = ['startTime', 'bootId', 'machineId', 'host', 'user', 'since'];
  return Number.isInteger(members.get('pid')) && texts.every((name) => typeof members.get(name) === 'string');
}

export async function writeHolder(path: string, holder: Holder): Promise<void> {
  await writeFile(path, `${JSON.stringify(holder)}\n`, { mode: 0o600 });
}

export async function removeHolder(path: string): Promise<void> {
  await rm(path, { force: true });
}

/** Whether the holder still runs. `unknown`: it ran on another machine, and nothing seen from here proves its death. */
export async function holderState(holder: Holder): Promise<'alive' | 'dead' | 'unknown'> {
  if (holder.machineId === '' || holder.machineId !== (await machineId())) return 'unknown';
  if (holder.bootId !== (await bootId())) return 'dead';
  return (await startTimeOf(holder.pid)) === holder.startTime ? 'alive' : 'dead';
}

/** The boot that this machine runs in. */
export async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}

async function machineId(): Promise<string> {
  return ((await unlessAbsent(readFile('/etc/machine-id', 'utf8'))) ?? '').trim();
}

/** Field 22 of /proc/PID/stat, counted after the command's name, which may hold anything. */
async function startTimeOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? undefined : fields[18];
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH')) return undefined;
    throw error;
  }
}
