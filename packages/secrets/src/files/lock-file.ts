import { open, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { formatDuration } from '@cutover/foundation/duration';
import { lockOpenFile } from '@cutover/foundation/kernel-lock';
import { SecretsError } from '../errors.ts';

/** How long another command that changes a file in the same folder is waited for, in milliseconds. */
const patience = 30_000;

/**
 * Runs an action that reads a file and replaces it, while no other process of this command does so: by the kernel's lock on
 * the file's folder, since a lock on the file itself would be gone with the rename. Nothing is left beside the file.
 *
 * @throws {SecretsError} `FILE_CONFLICT`: another process holds the lock for longer than half a minute.
 */
export async function whileLocked<T>(path: string, action: () => Promise<T>): Promise<T> {
  await using folder = await open(dirname(await realpath(path)), 'r');
  if (!(await lockOpenFile(folder, { patience }))) {
    const what = `another process changes files in this folder, for more than ${formatDuration(patience)}; try again`;
    throw new SecretsError('FILE_CONFLICT', what, { file: path });
  }
  return await action();
}
