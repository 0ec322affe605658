import { lstat, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { unlessAbsent } from '@cutover/foundation/errno';
import { memoryDirectory } from './memory-directory.ts';

/** A directory of this user's alone on a memory file system, gone when it is disposed of. */
export interface PrivateDirectory extends AsyncDisposable {
  readonly path: string;
  /** Removes it at once, for a process that is about to exit. */
  removeNow(): void;
}

const prefix = 'secrets-edit-';

/**
 * Makes a private directory for plain text. Its name says which process holds it, and since when, so that what a killed
 * process left can be told from what is in use.
 *
 * @throws {SecretsError} `UNSUPPORTED`: there is no memory file system; a disk would keep what was written.
 */
export async function privateDirectory(): Promise<PrivateDirectory> {
  const memory = await memoryDirectory();
  await sweep(memory);
  const started = (await startOf(process.pid)) ?? '0';
  const path = await mkdtemp(join(memory, `${prefix}${process.pid}-${started}-`));
  return {
    path,
    removeNow: () => rmSync(path, { recursive: true, force: true }),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

/** Removes the plain text that killed processes of this user left in memory. */
export async function sweepPrivateDirectories(): Promise<void> {
  await sweep(await memoryDirectory());
}

async function sweep(memory: string): Promise<void> {
  for (const name of await readdir(memory)) {
    const [, pid, started] = /^secrets-edit-(\d+)-(\d+)-/.exec(name) ?? [];
    if (pid === undefined || started === undefined) continue;
    const path = join(memory, name);
    const found = await unlessAbsent(lstat(path));
    if (found?.isDirectory() !== true || found.uid !== process.getuid?.()) continue;
    if ((await startOf(Number(pid))) !== started) await rm(path, { recursive: true, force: true });
  }
}

/** When a process started, in the kernel's ticks since boot; `undefined` where it does not run any more. */
async function startOf(pid: number): Promise<string | undefined> {
  const stat = await unlessAbsent(readFile(`/proc/${pid}/stat`, 'utf8'));
  // The name, in parentheses, may hold anything.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}
