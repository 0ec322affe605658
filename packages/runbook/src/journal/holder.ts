import { readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import * as z from 'zod';
import { isCode } from './state-directory.ts';

const holderSchema = z.object({
  pid: z.number().int().positive(),
  /** Clock ticks since boot at which the process started: a pid that was given out again differs in it. */
  startTime: z.string(),
  bootId: z.string(),
  machineId: z.string(),
  host: z.string(),
  user: z.string(),
  since: z.string(),
});

/** The runner that holds a state directory. */
export type Holder = z.infer<typeof holderSchema>;

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

/** Who is named in the holder file; `undefined`: nobody. */
export async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    const parsed = holderSchema.safeParse(JSON.parse(await readFile(path, 'utf8')));
    // Half a file is what a runner leaves that was killed while it wrote it: it had not begun anything.
    return parsed.success ? parsed.data : undefined;
  } catch (error) {
    if (isCode(error, 'ENOENT') || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export async function writeHolder(path: string, holder: Holder): Promise<void> {
  await writeFile(path, `${JSON.stringify(holder)}\n`, { mode: 0o600 });
}

export async function removeHolder(path: string): Promise<void> {
  await rm(path, { force: true });
}

/**
 * Whether the holder still runs. `unknown`: it ran on another machine, and nothing seen from here proves its death.
 */
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
  try {
    return (await readFile('/etc/machine-id', 'utf8')).trim();
  } catch (error) {
    if (isCode(error, 'ENOENT')) return '';
    throw error;
  }
}

/** Field 22 of /proc/PID/stat, counted after the command's name, which may hold anything. */
async function startTimeOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? undefined : fields[18];
  } catch (error) {
    if (isCode(error, 'ENOENT') || isCode(error, 'ESRCH')) return undefined;
    throw error;
  }
}
