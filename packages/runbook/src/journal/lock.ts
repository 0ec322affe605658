import { type LockAttempt, takeKernelLock } from '@cutover/foundation/kernel-lock';
import { LockedError } from './errors.ts';
import {
  bootId,
  type Holder,
  holderState,
  readHolder,
  removeHolder,
  thisHolder,
  writeHolder,
} from './holder.ts';
import type { StateDirectory } from './state-directory.ts';

/**
 * Takes the lock of a state directory: the kernel's own lock on a file in it, which is free however this process ends,
 * and a file that names us to rivals. The lock excludes wherever the file is the same one, in other containers of this
 * machine too; a holder named by another machine is believed until its death is proven.
 *
 * @throws {LockedError} another runner holds it, or may.
 */
export async function lock(directory: StateDirectory): Promise<AsyncDisposable> {
  const held = await take(directory);
  try {
    const holder = await readHolder(directory.holder);
    const state = holder === undefined ? 'dead' : await stateUnderLock(holder);
    if (holder !== undefined && state !== 'dead') throw lockedBy(directory, holder, state);
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
 * @throws {LockedError} the holder is alive, or nothing proves that it is dead.
 */
export async function unlock(directory: StateDirectory): Promise<UnlockResult> {
  await using held = await take(directory);
  void held;
  const holder = await readHolder(directory.holder);
  if (holder === undefined) return { unlocked: false, reason: 'not locked' };
  const state = await stateUnderLock(holder);
  if (state !== 'dead') throw lockedBy(directory, holder, state);
  await removeHolder(directory.holder);
  return { unlocked: true, holder };
}

/** The runner that holds the lock at this moment, as far as its file tells. */
export async function currentHolder(directory: StateDirectory): Promise<Holder | undefined> {
  const holder = await readHolder(directory.holder);
  return holder !== undefined && (await holderState(holder)) !== 'dead' ? holder : undefined;
}

/** A holder of this very boot would hold the kernel's lock, which is ours now, whatever its pid means here. */
async function stateUnderLock(holder: Holder): Promise<'alive' | 'dead' | 'unknown'> {
  return holder.bootId === (await bootId()) ? 'dead' : holderState(holder);
}

async function take(directory: StateDirectory): Promise<AsyncDisposable> {
  const attempt: LockAttempt = await takeKernelLock(directory.lock, { holder: `pid ${process.pid}` });
  if (attempt.taken) return attempt.lock;
  const holder = await readHolder(directory.holder);
  throw holder === undefined
    ? new LockedError(directory.path, `another runner is just starting on ${directory.path}; try again`)
    : lockedBy(directory, holder, 'alive');
}

function lockedBy(directory: StateDirectory, holder: Holder, state: 'alive' | 'unknown'): LockedError {
  const who = `${holder.user}@${holder.host}, pid ${holder.pid}, since ${holder.since}`;
  const what =
    state === 'alive'
      ? 'which is running. Wait for it, or stop it with Ctrl-C (or TERM) there: it ends at a safe place'
      : `which cannot be seen from this machine. Look on ${holder.host}; if it is gone, run \`unlock\` there`;
  return new LockedError(directory.path, `${directory.path} is held by ${who}, ${what}`);
}
