import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type FileHandle, mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SecretsError } from '../errors.ts';

/**
 * Holds the one right to make generations below a mount point, until it is disposed or this process ends, however it
 * ends: the kernel's own lock (`flock`) on a file beside the mount point. Not an abstract socket, which any user of the
 * host could take first, and which another network namespace does not see.
 *
 * @param patience - how long another activation is waited for, in milliseconds.
 * @throws {SecretsError} `ACTIVATION_LOCKED` naming the holder.
 */
export async function lockActivation(mountPoint: string, patience: number): Promise<AsyncDisposable> {
  const path = `${mountPoint}.lock`;
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, 'a', 0o600);
  try {
    if (!(await flock(file, patience))) throw await lockedBy(path, patience);
    await file.truncate();
    await file.writeFile(`pid ${process.pid} since ${new Date().toISOString()}\n`);
  } catch (error) {
    await file.close();
    throw error;
  }
  return {
    async [Symbol.asyncDispose]() {
      await file.truncate();
      await file.close();
    },
  };
}

/**
 * Locks an open file, which Node itself cannot: the command `flock` does it on the file that it shares with us, so that
 * the lock stays ours when the command has ended. No other child gets the file, so none keeps the lock when we are killed.
 */
async function flock(file: FileHandle, patience: number): Promise<boolean> {
  const child = spawn('flock', ['--exclusive', '--wait', String(patience / 1000), '3'], {
    stdio: ['ignore', 'ignore', 'ignore', file.fd],
  });
  const [code, signal] = await once(child, 'close').catch((cause: unknown) => {
    throw new SecretsError('ACTIVATION_FAILED', 'flock, of util-linux, cannot be run', {}, { cause });
  });
  if (code === 0 || code === 1) return code === 0;
  throw new SecretsError('ACTIVATION_FAILED', `flock ended with ${code ?? signal}`);
}

async function lockedBy(path: string, patience: number): Promise<SecretsError> {
  const holder = (await readFile(path, 'utf8')).trim() || 'a process that has just begun';
  return new SecretsError(
    'ACTIVATION_LOCKED',
    `another activation is at work (${holder}) and did not end within ${patience / 1000} s; wait for it, or end it, and activate again`,
    { file: path },
  );
}
