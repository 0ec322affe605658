import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { isErrno } from '@cutover/foundation/errno';

interface Holder {
  readonly server: Server;
  /** Connections of those who wait. */
  readonly waiting: ReadonlySet<Socket>;
}

/**
 * Holds a lock of this machine until disposed of. It is a listening socket in Linux's abstract namespace, so the kernel
 * frees it when its holder dies, however it dies. Those who wait are woken by the end of their connection to the holder.
 */
export async function lock(name: string, signal?: AbortSignal): Promise<AsyncDisposable> {
  for (;;) {
    const held = await tryLock(name);
    if (held !== undefined) return held;
    await holderGone(addressOf(name), signal);
  }
}

/** The same without waiting: `undefined` where another holder has it. */
export async function tryLock(name: string): Promise<AsyncDisposable | undefined> {
  const holder = await listen(addressOf(name));
  return holder === undefined ? undefined : { [Symbol.asyncDispose]: () => release(holder) };
}

/** The listening server, or `undefined` where another holder has the address. */
async function listen(address: string): Promise<Holder | undefined> {
  const waiting = new Set<Socket>();
  const server = createServer((connection) => {
    waiting.add(connection);
    connection.on('error', () => connection.destroy());
    connection.on('close', () => waiting.delete(connection));
  });
  server.listen(address);
  try {
    await once(server, 'listening');
    server.unref();
    return { server, waiting };
  } catch (error) {
    if (isErrno(error, 'EADDRINUSE')) return undefined;
    throw error;
  }
}

/** Gives the address up first, and only then wakes those who wait for it. */
async function release({ server, waiting }: Holder): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  for (const connection of waiting) connection.destroy();
  await closed;
}

const addressOf = (name: string): string => `\0cutover-${name}`;

async function holderGone(address: string, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  const connection = createConnection(address);
  const abort = () => connection.destroy();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    await new Promise<void>((resolve) => {
      connection.on('error', () => resolve());
      connection.on('close', () => resolve());
      connection.resume();
    });
    signal?.throwIfAborted();
    // All who waited wake at once: spread them a little.
    await sleep(Math.random() * 20, undefined, { signal });
  } finally {
    signal?.removeEventListener('abort', abort);
    connection.destroy();
  }
}
