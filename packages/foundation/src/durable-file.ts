import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isErrno, unlessAbsent } from './errno.ts';

export interface DurableWriteOptions {
  /** Permission bits, exact whatever the umask. */
  readonly mode: number;
  /** Default: the user of this process. */
  readonly uid?: number | undefined;
  /** Default: the group that the file system gives a new file. */
  readonly gid?: number | undefined;
  /** Asked at the last moment, when only the replacing is left to do: where it says no, nothing is replaced. */
  readonly confirm?: (() => Promise<boolean>) | undefined;
}

/**
 * Replaces a file: a reader sees the old bytes or the new ones, never half of them and never under a wider mode.
 * When this returns, the new bytes survive a power cut. The directory must exist; a symbolic link at `path` is replaced.
 *
 * @returns whether it was replaced: not where `confirm` said no.
 */
export async function writeFileDurably(
  path: string,
  data: string | Uint8Array,
  options: DurableWriteOptions,
): Promise<boolean> {
  await removeLeftovers(path);
  const temporary = join(
    dirname(path),
    `${prefix(path)}${process.pid}-${randomBytes(6).toString('hex')}.tmp`,
  );
  try {
    await writeTemporary(temporary, data, options);
    if ((await options.confirm?.()) === false) {
      await rm(temporary, { force: true });
      return false;
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
  return true;
}

/** Makes a directory's entries durable: call it after a rename, a link or a removal in it. */
export async function syncDirectory(path: string): Promise<void> {
  await closing(await open(path, 'r'), (directory) => directory.sync());
}

/** Removes what killed processes left of their writes of `path`; what a living process is writing stays. */
export async function removeLeftovers(path: string): Promise<void> {
  const start = prefix(path);
  const names = (await unlessAbsent(readdir(dirname(path)))) ?? [];
  for (const name of names.filter((one) => one.startsWith(start))) {
    const pid = /^(\d+)-[0-9a-f]{12}\.tmp$/.exec(name.slice(start.length))?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(dirname(path), name), { force: true });
  }
}

function prefix(path: string): string {
  return `.${basename(path)}.`;
}

async function writeTemporary(
  path: string,
  data: string | Uint8Array,
  { mode, uid, gid }: DurableWriteOptions,
): Promise<void> {
  await closing(await open(path, 'wx', 0o600), async (file) => {
    if (uid !== undefined || gid !== undefined) await file.chown(uid ?? unchanged, gid ?? unchanged);
    await file.chmod(mode);
    await file.writeFile(data);
    await file.sync();
  });
}

/** The id that chown(2) takes for "leave it as it is". */
const unchanged = 0xffffffff;

async function closing(file: FileHandle, work: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await work(file);
  } finally {
    await file.close();
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return isErrno(error, 'EPERM');
  }
}
