import { realpath, stat, writeFile } from 'node:fs/promises';
import { isErrno, unlessAbsent } from '@cutover/foundation/errno';
import { SecretsError } from '../errors.ts';
import { writeFileDurably } from '@cutover/foundation/durable-file';

/**
 * Gives a file that is there new content, atomically: behind a symbolic link the file it names, with the owner, the
 * group and the mode that it has. A device or a pipe is written to. (A second hard link keeps the old content.)
 *
 * @param mode - instead of the file's own.
 * @throws {SecretsError} `FILE_CONFLICT`: its owner cannot be kept by this user.
 */
export async function replaceFile(path: string, data: Uint8Array, mode?: number): Promise<void> {
  const target = await realpath(path);
  const found = await stat(target);
  if (!found.isFile()) return writeFile(target, data);
  const { uid, gid } = found;
  try {
    await writeFileDurably(target, data, { mode: mode ?? found.mode & 0o7777, uid, gid });
  } catch (error) {
    if (!isErrno(error, 'EPERM')) throw error;
    throw new SecretsError(
      'FILE_CONFLICT',
      `it belongs to user ${uid} and group ${gid}, which this user cannot give to a new file; run it as that user`,
      { file: path },
      { cause: error },
    );
  }
}

/** As `replaceFile`, or a new file of this user's where there is none. */
export async function replaceOrCreateFile(
  path: string,
  data: Uint8Array,
  options: { readonly newMode: number; readonly mode?: number },
): Promise<void> {
  const there = await unlessAbsent(stat(path));
  if (there === undefined) await writeFileDurably(path, data, { mode: options.newMode });
  else await replaceFile(path, data, options.mode);
}
