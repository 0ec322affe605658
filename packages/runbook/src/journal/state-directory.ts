import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { syncDirectory } from '@cutover/foundation/durable-file';
import { isErrno, unlessAbsent } from '@cutover/foundation/errno';
import { UsageError } from '../engine/errors.ts';
import { JournalWriteError } from './errors.ts';

/** The files of one move, all under one directory that only its owner can enter. */
export interface StateFiles {
  /** Absolute, links resolved. */
  readonly path: string;
  /** Locked by the runner at work. */
  readonly journal: string;
  /** Names the runner that holds the lock. */
  readonly holder: string;
  /** Where `approve`, `deny` and `cancel` leave their answers. */
  readonly answers: string;
}

/** A state directory that a runner can work on. */
export interface StateDirectory extends StateFiles {
  /** What secret inputs are HMACed with. */
  readonly key: Uint8Array;
}

/**
 * Opens the state directory at `path`, and makes it and its key where they are missing.
 *
 * @throws {JournalWriteError} the key cannot be written.
 */
export async function openStateDirectory(path: string): Promise<StateDirectory> {
  await mkdir(join(path, 'answers'), { recursive: true, mode: 0o700 });
  const real = await realpath(path);
  return { ...filesIn(real), key: await readOrMakeKey(join(real, 'key')) };
}

/**
 * Finds the state directory at `path`, and makes nothing.
 *
 * @throws {UsageError} there is none.
 */
export async function findStateDirectory(path: string): Promise<StateFiles> {
  const found = await unlessAbsent(stat(path));
  if (found?.isDirectory() === true) return filesIn(await realpath(path));
  throw new UsageError(
    `there is no state directory ${resolve(path)}: nothing has run with it. Name the right one with --state, or the config file that it lies beside with --config`,
  );
}

function filesIn(path: string): StateFiles {
  return {
    path,
    journal: join(path, 'journal.jsonl'),
    holder: join(path, 'holder.json'),
    answers: join(path, 'answers'),
  };
}

/** Two runners that start at once must end with the same key: it appears whole, by one `link`, or not at all. */
async function readOrMakeKey(path: string): Promise<Uint8Array> {
  const present = await unlessAbsent(readFile(path));
  if (present !== undefined) return present;
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    await writeFile(draft, randomBytes(32), { mode: 0o600, flush: true });
    await link(draft, path);
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw new JournalWriteError(path, error, 'try again');
  } finally {
    await rm(draft, { force: true });
  }
  await syncDirectory(dirname(path));
  return readFile(path);
}
