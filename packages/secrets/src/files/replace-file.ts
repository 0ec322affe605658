import { open, realpath, stat, writeFile } from 'node:fs/promises';
import { writeFileDurably } from '@cutover/foundation/durable-file';
import { isErrno, unlessAbsent } from '@cutover/foundation/errno';
import { SecretsError } from '../errors.ts';

/**
 * Gives a file that is there new content, atomically: behind a symbolic link the file it names, with the owner, the
 * group and the mode that it has. A device or a pipe is written to. (A second hard link keeps the old content.) In a folder
 * that this user may not write, the file itself is overwritten, which a power cut can tear.
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
    if (isErrno(error, 'EACCES', 'EROFS') && mode === undefined) return overwrite(target, data);
    if (!isErrno(error, 'EPERM')) throw error;
    throw new SecretsError(
      'FILE_CONFLICT',
      `it belongs to user ${uid} and group ${gid}, which this user cannot give to a new file; run it as that user`,
      { file: path },
      { cause: error },
    );
  }
}

/** A file of this user's in a folder that is not: there can be no new file beside it. */
async function overwrite(path: string, data: Uint8Array): Promise<void> {
  await using file = await open(path, 'r+');
  await file.truncate();
  await file.writeFile(data);
  await file.sync();
}

/** As `replaceFile`, or a new file of this user's where there is none. */
export async function replaceOrCreateFile(
  path: string,
  data: Uint8Array,
  options: { readonly newMode: number; readonly mode?: number | undefined },
): Promise<void> {
  const there = await unlessAbsent(stat(path));
  if (there === undefined) await writeFileDurably(path, data, { mode: options.newMode });
  else await replaceFile(path, data, options.mode);
}
