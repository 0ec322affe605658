import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { userInfo } from 'node:os';
import { LoopsError } from '../errors.ts';

/**
 * Holds the one right to change a rig on this machine until it is disposed or the process ends, however it ends:
 * an abstract unix socket, which the kernel gives to exactly one.
 *
 * @throws {LoopsError} `SUPERVISOR_RUNNING`: another process holds it.
 */
export async function lockRig(stateDir: string): Promise<AsyncDisposable> {
  const identity = createHash('sha256')
    .update(await realpath(stateDir))
    .digest('hex')
    .slice(0, 32);
  const server = createServer((connection) => connection.destroy());
  await listen(server, `\0cutover-loops/${userInfo().uid}/${identity}`, stateDir);
  server.unref();
  return {
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

async function listen(server: Server, path: string, stateDir: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new LoopsError(
              'SUPERVISOR_RUNNING',
              `another supervisor or command holds the rig in ${stateDir}`,
              { cause: error },
            )
          : error,
      );
    });
    server.listen(path);
  });
}
