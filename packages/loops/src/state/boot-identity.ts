import { readFile } from 'node:fs/promises';

/**
 * A string that changes with each boot. In a container the kernel's boot id is the host's, so the start time of
 * process 1 is part of it.
 */
export async function bootIdentity(): Promise<string> {
  const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  return `${bootId}/${await startTime(1)}`;
}

/** When a process started, in clock ticks since boot: with the pid it names one process for good. */
export async function startTime(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
