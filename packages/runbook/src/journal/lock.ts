import { type FileHandle, open, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { unlessAbsent } from '@cutover/foundation/errno';
import { lockOpenFile } from '@cutover/foundation/kernel-lock';
import { LockedError } from './errors.ts';
import { type Holder, readHolder, removeHolder, thisHolder, writeHolder } from './holder.ts';
import type { StateFiles } from './state-directory.ts';

/** Milliseconds that a look of `status` or `cancel` at the lock may take: it is no other runner. */
const patience = 300;

/**
 * Takes the lock of a state directory: the kernel's own lock on the journal file itself, which is free however this
 * process ends. It excludes wherever the file is the same one, in other containers of this machine too and under
 * another path, and there is no second file that could be lost or copied apart from the journal. A file names us to rivals: it says
 * whom to ask, and never who holds.
 *
 * @throws {LockedError} another runner holds it.
 */
export async function lock(directory: StateFiles): Promise<AsyncDisposable> {
  const file = await take(directory);
  try {
    // What a holder before us left says nothing: it would hold the kernel's lock if it were alive, wherever it was.
    await writeHolder(directory.holder, thisHolder());
  } catch (error) {
    await file.close();
    throw error;
  }
  return {
    async [Symbol.asyncDispose]() {
      await removeHolder(directory.holder);
      await file.close();
    },
  };
}

/** What `unlock` did. */
export type UnlockResult =
  | { readonly unlocked: false; readonly reason: 'not locked' }
  | { readonly unlocked: true; readonly holder: Holder };

/**
 * Forgets a holder that is proven dead: the kernel gives us its lock.
 *
 * @throws {LockedError} the holder is alive.
 */
export async function unlock(directory: StateFiles): Promise<UnlockResult> {
  const file = await take(directory);
  try {
    const holder = await readHolder(directory.holder);
    if (holder === undefined) return { unlocked: false, reason: 'not locked' };
    await removeHolder(directory.holder);
    return { unlocked: true, holder };
  } finally {
    await file.close();
  }
}

/**
 * The runner that holds the lock at this moment; the kernel says whether there is one.
 *
 * @throws {LockedError} there is one that does not say who it is.
 */
export async function currentHolder(directory: StateFiles): Promise<Holder | undefined> {
  const end = performance.now() + 1000;
  while (await isHeld(directory.journal)) {
    const holder = await readHolder(directory.holder);
    if (holder !== undefined) return holder;
    // It has the lock and not yet its name there, or its name not any more.
    if (performance.now() > end) throw justStarting(directory);
    await delay(20);
  }
  return undefined;
}

async function isHeld(journal: string): Promise<boolean> {
  const file = await unlessAbsent(open(journal, 'r'));
  if (file === undefined) return false;
  try {
    return !(await lockOpenFile(file, { shared: true }));
  } finally {
    await file.close();
  }
}

async function take(directory: StateFiles): Promise<FileHandle> {
  const file = await open(directory.journal, 'a+', 0o600);
  try {
    if (await lockOpenFile(file, { patience })) {
      if (await isStill(file, directory.journal)) return file;
      throw new LockedError(
        directory.path,
        `${directory.journal} was replaced just now; look, then try again`,
      );
    }
    const holder = await readHolder(directory.holder);
    throw holder === undefined ? justStarting(directory) : lockedBy(directory, holder);
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Whether the open file is the one at `path`: a journal that was moved away meanwhile locks nothing. */
async function isStill(file: FileHandle, path: string): Promise<boolean> {
  const [ours, there] = await Promise.all([file.stat(), unlessAbsent(stat(path))]);
  return there?.ino === ours.ino && there.dev === ours.dev;
}

function justStarting({ path }: StateFiles): LockedError {
  return new LockedError(path, `another runner is just starting on ${path}; try again`);
}

function lockedBy(directory: StateFiles, holder: Holder): LockedError {
  const who = `${holder.user}@${holder.host}, pid ${holder.pid}, since ${holder.since}`;
  const what =
    'which is running. Wait for it, or stop it with Ctrl-C (or TERM) there: it ends at a safe place';
  return new LockedError(directory.path, `${directory.path} is held by ${who}, ${what}`);
}
