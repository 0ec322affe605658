import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncDirectory } from '@cutover/foundation/durable-file';
import { isErrno, unlessAbsent } from '@cutover/foundation/errno';

/** The files of one move, all under one directory that only its owner can enter. */
export interface StateDirectory {
  /** Absolute, links resolved. */
  readonly path: string;
  /** Locked by the runner at work. */
  readonly journal: string;
  /** Names the runner that holds the lock. */
  readonly holder: string;
  /** Where `approve`, `deny` and `cancel` leave their answers. */
  readonly answers: string;
  /** What secret inputs are HMACed with. */
  readonly key: Uint8Array;
}

/** Opens the state directory at `path`, and makes it and its key where they are missing. */
export async function openStateDirectory(path: string): Promise<StateDirectory> {
  await mkdir(join(path, 'answers'), { recursive: true, mode: 0o700 });
  const real = await realpath(path);
  return {
    path: real,
    journal: join(real, 'journal.jsonl'),
    holder: join(real, 'holder.json'),
    answers: join(real, 'answers'),
    key: await readOrMakeKey(join(real, 'key')),
  };
}

/** Two runners that start at once must end with the same key: it appears whole, by one `link`, or not at all. */
async function readOrMakeKey(path: string): Promise<Uint8Array> {
  const present = await unlessAbsent(readFile(path));
  if (present !== undefined) return present;
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  await writeFile(draft, randomBytes(32), { mode: 0o600, flush: true });
  try {
    await link(draft, path).catch((error: unknown) => {
      if (!isErrno(error, 'EEXIST')) throw error;
    });
  } finally {
    await rm(draft);
  }
  await syncDirectory(dirname(path));
  return readFile(path);
}
