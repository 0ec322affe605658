import { existsSync } from 'node:fs';
import { destroy, takeDown } from './daemon/clean-up.ts';
import { allLabs, type LabFolders } from './folders.ts';
import { liveLeases } from './leases.ts';
import { tryLock } from './lock.ts';
import { readRecord, writeRecord } from './record.ts';

/** Says whether the lab is to stay up with nobody using it. */
export async function setKept(folders: LabFolders, kept: boolean): Promise<void> {
  const record = await readRecord(folders);
  if (record !== undefined) await writeRecord(folders, { ...record, kept });
}

/** Takes the lab down unless somebody uses it or it is kept. @returns who still uses it. */
export async function takeDownUnused(folders: LabFolders): Promise<number[]> {
  const users = await liveLeases(folders.leases);
  if (users.length > 0) return users.map(({ pid }) => pid);
  if ((await readRecord(folders))?.kept !== true) await takeDown(folders);
  return [];
}

/** Deletes the lab. @param why it has to go. @throws {Error} somebody uses it. */
export async function destroyUnused(folders: LabFolders, why?: string): Promise<void> {
  const users = await liveLeases(folders.leases);
  if (users.length > 0) {
    throw new Error(
      `the lab in ${folders.root} is in use by process ${users.map(({ pid }) => pid).join(', ')}: end that first`,
      { cause: why },
    );
  }
  await destroy(folders);
}

/** Takes down what crashed labs left running, and deletes the labs of checkouts that are gone. */
export async function sweep(exceptId: string): Promise<void> {
  for (const folders of await allLabs()) {
    if (folders.id === exceptId) continue;
    await using turn = await tryLock(folders.id);
    // Whoever holds it looks after it.
    if (turn === undefined) continue;
    if ((await liveLeases(folders.leases)).length > 0) continue;
    const record = await readRecord(folders);
    if (record === undefined || !existsSync(record.checkout)) await destroy(folders);
    else if (record.kept !== true) await takeDown(folders);
  }
}
