import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { userInfo } from 'node:os';
import { LoopsError } from '../errors.ts';

/** How long a command that holds the lock is waited for, in milliseconds. */
const patience = 5000;

/** A supervisor holds the lock for as long as it runs, a command for a moment. */
export type LockHolder = 'supervisor' | 'command';

/**
 * Holds the one right to change a rig on this machine until it is disposed or the process ends, however it ends:
 * an abstract unix socket, which the kernel gives to exactly one. Who holds it tells those who connect what it is:
 * a command is waited for, a supervisor is not.
 *
 * @throws {LoopsError} `SUPERVISOR_RUNNING`: another process holds it.
 */
export async function lockRig(stateDir: string, holder: LockHolder): Promise<AsyncDisposable> {
  const address = await lockAddress(stateDir);
  const end = performance.now() + patience;
  for (;;) {
    const lock = await tryLock(address, holder);
    if (lock !== undefined) return lock;
    if (await becomesFree(address, end - performance.now())) continue;
    throw new LoopsError('SUPERVISOR_RUNNING', `another supervisor or command holds the rig in ${stateDir}`);
  }
}

/** The abstract socket of a rig's lock, without the NUL that it begins with. */
export async function lockAddress(stateDir: string): Promise<string> {
  const identity = createHash('sha256')
    .update(await realpath(stateDir))
    .digest('hex')
    .slice(0, 32);
  return `cutover-loops/${userInfo().uid}/${identity}`;
}

async function tryLock(address: string, holder: LockHolder): Promise<AsyncDisposable | undefined> {
  const connections = new Set<Socket>();
  const server = createServer((connection) => {
    connections.add(connection);
    connection.on('error', () => connection.destroy());
    connection.once('close', () => connections.delete(connection));
    connection.unref().resume().write(holder);
  });
  const isOurs = await new Promise<boolean>((resolve, reject) => {
    server.once('listening', () => resolve(true));
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    server.listen(`\0${address}`);
  });
  if (!isOurs) return undefined;
  server.unref();
  return {
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const connection of connections) connection.destroy();
      await closed;
    },
  };
}

/** Waits until its holder hangs up; false when that is a supervisor, or after so many milliseconds. */
async function becomesFree(address: string, milliseconds: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(`\0${address}`);
    let mayBeFree = true;
    const giveUp = (): void => {
      mayBeFree = false;
      socket.destroy();
    };
    const timer = setTimeout(giveUp, milliseconds);
    socket.once('data', (holder) => {
      if (holder.toString() === 'supervisor') giveUp();
    });
    // Nobody listens there any more, or not yet; `close` follows.
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(mayBeFree);
    });
  });
}
