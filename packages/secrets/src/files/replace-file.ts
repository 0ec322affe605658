import { type FileHandle, open, realpath, stat, writeFile } from 'node:fs/promises';
import { type DurableWriteOptions, writeFileDurably } from '@cutover/foundation/durable-file';
import { isErrno, unlessAbsent } from '@cutover/foundation/errno';
import { SecretsError } from '../errors.ts';
import { unwritable } from './unwritable.ts';

/**
 * Gives a file that is there new content, atomically: behind a symbolic link the file it names, with the owner, the
 * group and the mode that it has. A device or a pipe is written to. (A second hard link keeps the old content.) In a folder
 * that this user may not write, and where this user cannot give a new file the owner or the group, the file itself is
 * overwritten, which a power cut can tear.
 *
 * @param mode - instead of the file's own.
 * @throws {SecretsError} `FILE_CONFLICT`: its owner cannot be kept by this user. `FILE_UNWRITABLE`: it cannot be written, or the disk is full.
 */
export async function replaceFile(path: string, data: Uint8Array, mode?: number): Promise<void> {
  const target = await realpath(path);
  const found = await stat(target);
  if (!found.isFile()) return writeFile(target, data);
  const { uid, gid } = found;
  try {
    const keepsMode = mode === undefined;
    await writeBeside(target, data, { mode: mode ?? found.mode & 0o7777, uid, gid, keepsMode });
  } catch (error) {
    if (!isErrno(error, 'EPERM')) throw unwritable(error, path);
    throw new SecretsError(
      'FILE_CONFLICT',
      `it belongs to user ${uid} and group ${gid}, which this user cannot give to a new file; run it as that user`,
      { file: path },
      { cause: error },
    );
  }
}

/** Replaces the file by a new one beside it; where there can be none, and it keeps its mode, it is overwritten. */
async function writeBeside(
  path: string,
  data: Uint8Array,
  { keepsMode, ...options }: DurableWriteOptions & { readonly keepsMode: boolean },
): Promise<void> {
  try {
    await writeFileDurably(path, data, options);
  } catch (error) {
    if (!isErrno(error, 'EACCES', 'EROFS', 'EPERM') || !keepsMode) throw error;
    await overwrite(path, data).catch((again: unknown) => {
      // That its owner cannot be kept says more.
      throw isErrno(again, 'EACCES') ? error : again;
    });
  }
}

/**
 * A file that this user may write where there can be no new one beside it. What it grows by is written first, so
 * that on a full disk the old content is still all there.
 */
async function overwrite(path: string, data: Uint8Array): Promise<void> {
  await using file = await open(path, 'r+');
  const { size } = await file.stat();
  try {
    await writeAll(file, data.subarray(size), size);
  } catch (error) {
    await file.truncate(size);
    throw error;
  }
  await writeAll(file, data.subarray(0, size), 0);
  await file.truncate(data.length);
  await file.sync();
}

async function writeAll(file: FileHandle, data: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < data.length;) {
    const { bytesWritten } = await file.write(data, done, data.length - done, position + done);
    done += bytesWritten;
  }
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
