import { formatDuration } from '@cutover/foundation/duration';
import { takeKernelLock } from '@cutover/foundation/kernel-lock';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SecretsError } from '../errors.ts';

/**
 * Holds the one right to make generations below a mount point, until it is disposed or this process ends, however it
 * ends: the kernel's own lock on a file beside the mount point.
 *
 * @param patience - milliseconds to wait for another activation.
 * @throws {SecretsError} `ACTIVATION_LOCKED` naming the holder.
 */
export async function lockActivation(mountPoint: string, patience: number): Promise<AsyncDisposable> {
  const path = `${mountPoint}.lock`;
  await mkdir(dirname(path), { recursive: true });
  const attempt = await takeKernelLock(path, {
    holder: `pid ${process.pid} since ${new Date().toISOString()}`,
    patience,
  }).catch((cause: unknown) => {
    throw new SecretsError(
      'ACTIVATION_FAILED',
      'the lock cannot be taken, so nothing was changed',
      { file: path },
      { cause },
    );
  });
  if (attempt.taken) return attempt.lock;
  throw new SecretsError(
    'ACTIVATION_LOCKED',
    `another activation is at work (${attempt.holder}) and did not end within ${formatDuration(patience)}; wait for it, or end it, and activate again`,
    { file: path },
  );
}
