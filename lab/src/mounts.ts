import { readlink } from 'node:fs/promises';
import { filterPids, gone, readProc } from './processes.ts';

/** A line of mountinfo. */
export interface Mount {
  /** Where it is mounted, as the process sees it. */
  readonly point: string;
  /** What is mounted, e.g. `/dev/loop3`. */
  readonly source: string;
  /** The path within the mounted file system that is seen at `point`. */
  readonly root: string;
}

/** Reads one line of /proc/PID/mountinfo (proc(5)). */
export function parseMount(line: string): Mount | undefined {
  const [left, right] = line.split(' - ');
  const [, , , root, point] = left?.split(' ') ?? [];
  const source = right?.split(' ')[1];
  return root === undefined || point === undefined || source === undefined
    ? undefined
    : { point: unescapeOctal(point), source, root: unescapeOctal(root) };
}

/** All that a process sees mounted; nothing where it has ended. */
export async function mountsOf(pid: number | 'self'): Promise<Mount[]> {
  return parseMounts((await readProc(`/proc/${pid}/mountinfo`)) ?? '');
}

/** Reads a whole mountinfo. */
export function parseMounts(mountinfo: string): Mount[] {
  return mountinfo
    .split('\n')
    .map(parseMount)
    .filter((mount) => mount !== undefined);
}

/** Processes whose root file system lies on one of `devices` (e.g. `/dev/loop3`): what runs in containers of a pool. */
export async function processesOn(devices: ReadonlySet<string>): Promise<number[]> {
  if (devices.size === 0) return [];
  return filterPids(async (pid) =>
    (await foreignMounts(pid)).some(({ point, source }) => point === '/' && devices.has(source)),
  );
}

/** What a process in another mount namespace than ours sees mounted; nothing for one in ours. */
export async function foreignMounts(pid: number): Promise<Mount[]> {
  const [ours, its] = await Promise.all([
    readlink('/proc/self/ns/mnt'),
    readlink(`/proc/${pid}/ns/mnt`).catch(gone),
  ]);
  return its === undefined || its === ours ? [] : mountsOf(pid);
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
