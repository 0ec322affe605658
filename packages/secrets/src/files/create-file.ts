import { open, rm } from 'node:fs/promises';

/**
 * Makes a new file, whole or not at all: what a full disk has taken a part of only is removed again.
 *
 * @throws `EEXIST` of Node where there is one already.
 */
export async function createWholeFile(path: string, data: string | Uint8Array, mode: number): Promise<void> {
  await using file = await open(path, 'wx', mode);
  try {
    await file.writeFile(data);
    await file.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}
