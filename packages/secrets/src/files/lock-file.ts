import { type FileHandle, open, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { formatDuration } from '@cutover/foundation/duration';
import { isErrno } from '@cutover/foundation/errno';
import { lockOpenFile } from '@cutover/foundation/kernel-lock';
import { SecretsError } from '../errors.ts';

/** How long another command that changes a file in the same folder is waited for, in milliseconds. */
const patience = 30_000;

/** For how long one command keeps a folder that others may wait for, in milliseconds: many files take longer than `patience`. */
const turn = 5000;

/**
 * Runs an action that reads a file and replaces it, while no other process of this command does so.
 *
 * @throws {SecretsError} as `FolderLock.take`.
 */
export async function whileLocked<T>(path: string, action: () => Promise<T>): Promise<T> {
  await using lock = new FolderLock();
  await lock.take(path);
  return await action();
}

/**
 * Keeps other processes of this command from changing files: by the kernel's lock on the file's folder, since a lock on the file
 * itself would be gone with the rename. Nothing is left beside the file. It holds for one folder at a time, so that two
 * processes never wait for each other.
 */
export class FolderLock implements AsyncDisposable {
  #held: { readonly folder: string; readonly handle: FileHandle; readonly since: number } | undefined;

  /**
   * Locks the folder of a file, which may be locked already, and lets go of the one before. After some seconds it lets go of
   * the same one too, for those who wait.
   *
   * @throws {SecretsError} `FILE_CONFLICT`: another process holds the lock for longer than half a minute.
   */
  async take(path: string): Promise<void> {
    const target = await realpath(path);
    const folder = dirname(target);
    if (this.#held?.folder === folder && performance.now() - this.#held.since < turn) return;
    await this[Symbol.asyncDispose]();
    const { handle, place } = await openPlace(folder, target);
    // From here on it is closed in any case.
    this.#held = { folder: place, handle, since: performance.now() };
    if (await lockOpenFile(handle, { patience })) {
      this.#held = { folder: place, handle, since: performance.now() };
      return;
    }
    await this[Symbol.asyncDispose]();
    const what = `another process changes files in this folder, for more than ${formatDuration(patience)}; try again`;
    throw new SecretsError('FILE_CONFLICT', what, { file: path });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    await held?.handle.close();
  }
}

/** In a folder that this user may not read there is no new file either: the file itself stays, and is what is locked. */
async function openPlace(folder: string, target: string): Promise<{ handle: FileHandle; place: string }> {
  try {
    return { handle: await open(folder, 'r'), place: folder };
  } catch (error) {
    if (!isErrno(error, 'EACCES')) throw error;
    return { handle: await open(target, 'r'), place: target };
  }
}
