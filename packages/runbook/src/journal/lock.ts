import { type LockAttempt, takeKernelLock } from '@cutover/foundation/kernel-lock';
import { LockedError } from './errors.ts';
import { type Holder, holderState, readHolder, removeHolder, thisHolder, writeHolder } from './holder.ts';
import type { StateFiles } from './state-directory.ts';

/**
 * Takes the lock of a state directory: the kernel's own lock on a file in it, which is free however this process ends,
 * and a file that names us to rivals. The lock excludes wherever the file is the same one, in other containers of this
 * machine too, and needs no name that could outlive its holder: the file says only whom to ask.
 *
 * @throws {LockedError} another runner holds it.
 */
export async function lock(directory: StateFiles): Promise<AsyncDisposable> {
  const held = await take(directory);
  try {
    // What a holder before us left says nothing: it would hold the kernel's lock if it were alive, wherever it was.
    await writeHolder(directory.holder, await thisHolder());
  } catch (error) {
    await held[Symbol.asyncDispose]();
    throw error;
  }
  return {
    async [Symbol.asyncDispose]() {
      await removeHolder(directory.holder);
      await held[Symbol.asyncDispose]();
    },
  };
}

/** What `unlock` did. */
export type UnlockResult =
  | { readonly unlocked: false; readonly reason: 'not locked' }
  | { readonly unlocked: true; readonly holder: Holder };

/**
 * Forgets a holder that is proven dead.
 *
 * @throws {LockedError} the holder is alive.
 */
export async function unlock(directory: StateFiles): Promise<UnlockResult> {
  await using held = await take(directory);
  void held;
  const holder = await readHolder(directory.holder);
  if (holder === undefined) return { unlocked: false, reason: 'not locked' };
  await removeHolder(directory.holder);
  return { unlocked: true, holder };
}

/** The runner that holds the lock at this moment, as far as its file tells. */
export async function currentHolder(directory: StateFiles): Promise<Holder | undefined> {
  const holder = await readHolder(directory.holder);
  return holder !== undefined && (await holderState(holder)) !== 'dead' ? holder : undefined;
}

async function take(directory: StateFiles): Promise<AsyncDisposable> {
  const attempt: LockAttempt = await takeKernelLock(directory.lock, { holder: `pid ${process.pid}` });
  if (attempt.taken) return attempt.lock;
  const holder = await readHolder(directory.holder);
  throw holder === undefined
    ? new LockedError(directory.path, `another runner is just starting on ${directory.path}; try again`)
    : lockedBy(directory, holder);
}

function lockedBy(directory: StateFiles, holder: Holder): LockedError {
  const who = `${holder.user}@${holder.host}, pid ${holder.pid}, since ${holder.since}`;
  const what =
    'which is running. Wait for it, or stop it with Ctrl-C (or TERM) there: it ends at a safe place';
  return new LockedError(directory.path, `${directory.path} is held by ${who}, ${what}`);
}
