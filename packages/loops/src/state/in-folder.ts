import { mkdir } from 'node:fs/promises';
import { isErrno } from '@cutover/foundation/errno';

/** Writes something in a folder; where the folder is missing, it is made (mode 0700), and the writing is tried again. */
export async function inFolder<T>(folder: string, writing: () => Promise<T>): Promise<T> {
  try {
    return await writing();
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return writing();
  }
}
