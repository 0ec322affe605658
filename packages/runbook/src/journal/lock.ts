import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { LockedError } from './errors.ts';
import { type Holder, holderState, readHolder, removeHolder, thisHolder, writeHolder } from './holder.ts';
import { isCode, type StateDirectory } from './state-directory.ts';

/**
 * Takes the lock of a state directory: an abstract socket, which the kernel frees however this process ends, and a
 * file that names us to rivals. The socket excludes within one machine; a holder named by another machine (or another
 * network namespace) is believed until its death is proven.
 *
 * @throws {LockedError} another runner holds it, or may.
 */
export async function lock(directory: StateDirectory): Promise<AsyncDisposable> {
  const server = await bind(directory);
  try {
    const holder = await readHolder(directory.holder);
    const state = holder === undefined ? 'dead' : await holderState(holder);
    if (holder !== undefined && state !== 'dead' && holder.pid !== process.pid) {
      throw lockedBy(directory, holder, state);
    }
    await writeHolder(directory.holder, await thisHolder());
  } catch (error) {
    await close(server);
    throw error;
  }
  return {
    async [Symbol.asyncDispose]() {
      await removeHolder(directory.holder);
      await close(server);
    },
  };
}

/** What `cutover unlock` did. */
export type UnlockResult =
  | { readonly unlocked: false; readonly reason: 'not locked' }
  | { readonly unlocked: true; readonly holder: Holder };

/**
 * Forgets a holder that is proven dead.
 *
 * @throws {LockedError} the holder is alive, or nothing proves that it is dead.
 */
export async function unlock(directory: StateDirectory): Promise<UnlockResult> {
  const server = await bind(directory);
  try {
    const holder = await readHolder(directory.holder);
    if (holder === undefined) return { unlocked: false, reason: 'not locked' };
    const state = await holderState(holder);
    if (state !== 'dead') throw lockedBy(directory, holder, state);
    await removeHolder(directory.holder);
    return { unlocked: true, holder };
  } finally {
    await close(server);
  }
}

/** The runner that holds the lock at this moment, as far as its file tells. */
export async function currentHolder(directory: StateDirectory): Promise<Holder | undefined> {
  const holder = await readHolder(directory.holder);
  return holder !== undefined && (await holderState(holder)) !== 'dead' ? holder : undefined;
}

async function bind(directory: StateDirectory): Promise<Server> {
  const name = createHash('sha256').update(directory.path).digest('hex').slice(0, 32);
  const server = createServer((socket) => socket.destroy());
  server.listen(`\0cutover-${name}`);
  try {
    await once(server, 'listening');
  } catch (error) {
    if (!isCode(error, 'EADDRINUSE')) throw error;
    const holder = await readHolder(directory.holder);
    throw holder === undefined
      ? new LockedError(directory.path, `another runner is just starting on ${directory.path}; try again`)
      : lockedBy(directory, holder, 'alive');
  }
  // The lock alone must not keep a finished process alive.
  server.unref();
  return server;
}

async function close(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}

function lockedBy(directory: StateDirectory, holder: Holder, state: 'alive' | 'unknown'): LockedError {
  const who = `${holder.user}@${holder.host}, pid ${holder.pid}, since ${holder.since}`;
  const what =
    state === 'alive'
      ? 'which is running. Wait for it, or stop it with Ctrl-C (or TERM) there: it ends at a safe place'
      : `which cannot be seen from this machine. Look on ${holder.host}; if it is gone, run \`cutover unlock\` there`;
  return new LockedError(directory.path, `${directory.path} is held by ${who}, ${what}`);
}
