import { randomBytes } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isErrno, unlessAbsent } from '@cutover/foundation/errno';
import { JournalWriteError } from '../journal/errors.ts';

/**
 * Leaves a file for another process, whole or not at all. Returns `false`, and changes nothing, when one is there.
 *
 * @throws {JournalWriteError} e.g. the disk is full.
 */
export async function leaveFile(path: string, text: string): Promise<boolean> {
  const draft = join(dirname(path), `.${randomBytes(6).toString('hex')}`);
  try {
    await writeFile(draft, text, { mode: 0o600, flush: true });
    await link(draft, path);
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw new JournalWriteError(path, error, 'try again');
  } finally {
    await rm(draft, { force: true });
  }
}

/** The file's text; `undefined`: there is none. */
export async function readFileIfThere(path: string): Promise<string | undefined> {
  return unlessAbsent(readFile(path, 'utf8'));
}
