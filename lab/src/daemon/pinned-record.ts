import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from '@cutover/foundation/errno';
import type { Holder } from './mount-holders.ts';

/** A loop device of a lab that stays in use when all that the lab ran has ended. */
export interface PinnedDevice {
  readonly device: string;
  /** Processes that had it mounted in mount namespaces of their own; none where that cannot be seen. */
  readonly holders: readonly Holder[];
}

/**
 * What stayed in use when the lab in `folder` was last taken down. Its holders are kept here because a process that works in
 * a mount which is gone can no longer be found.
 */
export async function readPinned(folder: string): Promise<PinnedDevice[]> {
  try {
    return JSON.parse(await readFile(file(folder), 'utf8')) as PinnedDevice[];
  } catch (error) {
    // Half written by a crash, it says nothing.
    if (error instanceof SyntaxError) return [];
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}

export async function writePinned(folder: string, pinned: readonly PinnedDevice[]): Promise<void> {
  if (pinned.length === 0) await rm(file(folder), { force: true });
  else await writeFile(file(folder), JSON.stringify(pinned));
}

function file(folder: string): string {
  return join(folder, 'pinned.json');
}
