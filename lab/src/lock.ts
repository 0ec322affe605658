import { once } from 'node:events';
import { createConnection, createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Holds a lock of this machine until disposed of. It is a listening socket in Linux's abstract namespace, so the kernel
 * frees it when its holder dies, however it dies. Those who wait are woken by the end of their connection to the holder.
 */
export async function lock(name: string, signal?: AbortSignal): Promise<AsyncDisposable> {
  const address = `\0cutover-${name}`;
  for (;;) {
    const server = await listen(address);
    if (server !== undefined) return { [Symbol.asyncDispose]: () => close(server) };
    await holderGone(address, signal);
  }
}

async function listen(address: string): Promise<Server | undefined> {
  const connections = new Set<{ destroy(): unknown }>();
  const server = createServer((connection) => {
    connections.add(connection);
    connection.on('error', () => connection.destroy());
    connection.on('close', () => connections.delete(connection));
  });
  server.on('close', () => connections.clear());
  const closeAll = () => connections.forEach((connection) => connection.destroy());
  waiters.set(server, closeAll);
  server.listen(address);
  try {
    await once(server, 'listening');
    server.unref();
    return server;
  } catch (error) {
    if (isCode(error, 'EADDRINUSE')) return undefined;
    throw error;
  }
}

const waiters = new WeakMap<Server, () => void>();

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  waiters.get(server)?.();
  await closed;
}

async function holderGone(address: string, signal: AbortSignal | undefined): Promise<void> {
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

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
