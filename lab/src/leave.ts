import { existsSync } from 'node:fs';
import { destroy, takeDown, type Warn } from './daemon/clean-up.ts';
import { allLabs, type LabFolders } from './folders.ts';
import { liveLeases } from './leases.ts';
import { tryLock } from './lock.ts';
import { readRecord, writeRecord } from './record.ts';

/** Says whether the lab is to stay up while no process uses it. */
export async function setKept(folders: LabFolders, kept: boolean): Promise<void> {
  const record = await readRecord(folders);
  if (record !== undefined) await writeRecord(folders, { ...record, kept });
}

/** Takes the lab down unless a process uses it or it is kept. @returns the processes that still use it. */
export async function takeDownUnused(folders: LabFolders, warn: Warn): Promise<number[]> {
  const users = await liveLeases(folders.leases);
  if (users.length > 0) return users.map(({ pid }) => pid);
  if ((await readRecord(folders))?.kept !== true) await takeDown(folders, warn);
  return [];
}

/** Deletes the lab. @param why it has to go. @throws {Error} a process uses it. */
export async function destroyUnused(folders: LabFolders, warn: Warn, why?: string): Promise<void> {
  const users = await liveLeases(folders.leases);
  if (users.length > 0) {
    throw new Error(
      `the lab in ${folders.root} is in use by process ${users.map(({ pid }) => pid).join(', ')}: end that first`,
      { cause: why },
    );
  }
  await destroy(folders, warn);
}

/**
 * Takes down what crashed labs left running, and deletes the labs of checkouts that are gone. It never fails: what is wrong
 * with the lab of another checkout is said in one line, and is not in the way of this one.
 */
export async function sweep(exceptId: string, warn: Warn): Promise<void> {
  for (const folders of await allLabs()) {
    if (folders.id === exceptId) continue;
    try {
      await sweepOne(folders, warn);
    } catch (error) {
      warn(`the unused lab in ${folders.root} could not be cleaned up: ${String(error)}`);
    }
  }
}

async function sweepOne(folders: LabFolders, warn: Warn): Promise<void> {
  await using turn = await tryLock(folders.id);
  // The process that holds it looks after it.
  if (turn === undefined) return;
  if ((await liveLeases(folders.leases)).length > 0) return;
  const record = await readRecord(folders);
  if (record === undefined || !existsSync(record.checkout)) await destroy(folders, warn);
  else if (record.kept !== true) await takeDown(folders, warn);
}
