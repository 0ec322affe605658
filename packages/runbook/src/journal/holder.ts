import { readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { unlessAbsent } from '@cutover/foundation/errno';
import { JournalWriteError } from './errors.ts';

/** The runner that holds a state directory, for people: whom to ask. Nothing in it proves that it runs. */
export interface Holder {
  /** As it sees itself; in a container that is another number than outside. */
  readonly pid: number;
  readonly host: string;
  readonly user: string;
  /** ISO 8601. */
  readonly since: string;
}

/** This process, as a holder. */
export function thisHolder(): Holder {
  return {
    pid: process.pid,
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
  const texts = ['host', 'user', 'since'];
  return Number.isInteger(members.get('pid')) && texts.every((name) => typeof members.get(name) === 'string');
}

/** @throws {JournalWriteError} e.g. the disk is full. */
export async function writeHolder(path: string, holder: Holder): Promise<void> {
  try {
    await writeFile(path, `${JSON.stringify(holder)}\n`, { mode: 0o600 });
  } catch (cause) {
    throw new JournalWriteError(path, cause);
  }
}

export async function removeHolder(path: string): Promise<void> {
  await rm(path, { force: true });
}

/** The boot that this machine runs in. */
export async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}
