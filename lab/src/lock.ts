import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { takeKernelLock } from '@cutover/foundation/kernel-lock';

/** One place for the labs of all checkouts; it is empty after a boot, as the locks are free then. */
const locks = '/run/cutover-lab';

/** Holds a lock of this machine until disposed of. The kernel frees it when its holder dies, however it dies. */
export async function lock(name: string, signal?: AbortSignal): Promise<AsyncDisposable> {
  for (;;) {
    signal?.throwIfAborted();
    const held = await take(name, { patience: 60_000, signal });
    if (held !== undefined) return held;
  }
}

/** The same without waiting: `undefined` where another holder has it. */
export async function tryLock(name: string): Promise<AsyncDisposable | undefined> {
  return await take(name, { patience: 0 });
}

async function take(
  name: string,
  waiting: { patience: number; signal?: AbortSignal | undefined },
): Promise<AsyncDisposable | undefined> {
  await mkdir(locks, { recursive: true, mode: 0o700 });
  const holder = `pid ${process.pid} on ${hostname()}`;
  const attempt = await takeKernelLock(join(locks, `${name}.lock`), { ...waiting, holder });
  return attempt.taken ? attempt.lock : undefined;
}
