import { unlessAbsent } from '@cutover/foundation/errno';
import { execFile } from 'node:child_process';
import {
  chmod,
  chown,
  lchown,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  stat,
  statfs,
  symlink,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { openFolder } from './folder.ts';

const run = promisify(execFile);

/** What secrets lie on: `disk` where no memory file system can be mounted. */
export type Backing = 'ramfs' | 'tmpfs' | 'disk';

const magic = new Map<number, Backing>([
  [0x858458f6, 'ramfs'],
  [0x01021994, 'tmpfs'],
]);

/**
 * Makes the place of the generations, on memory that is never swapped (ramfs) where that can be mounted, else on
 * what memory there is.
 *
 * @param group - who may list the place; default: left as it is.
 */
export async function prepareMountPoint(
  path: string,
  options: { useTmpfs: boolean; userMode: boolean },
  group: number | undefined,
): Promise<Backing> {
  const backing = await mountOn(path, options);
  await using folder = await openFolder(path);
  if (group !== undefined) await folder.handle.chown(0, group);
  return backing;
}

async function mountOn(path: string, options: { useTmpfs: boolean; userMode: boolean }): Promise<Backing> {
  await (await openFolder(path, { mode: 0o751 }))[Symbol.asyncDispose]();
  const before = await backingOf(path);
  if (before === 'ramfs' || options.userMode || (await isMountPoint(path))) return before;
  const kind = options.useTmpfs ? 'tmpfs' : 'ramfs';
  try {
    await run('mount', ['-t', kind, '-o', 'nodev,nosuid,mode=0751', 'none', path]);
  } catch {
    // No right to mount (a container, no root): what is there is used, and the report says what it is.
    return before;
  }
  await using folder = await openFolder(path);
  await folder.handle.chmod(0o751);
  return backingOf(path);
}

async function backingOf(path: string): Promise<Backing> {
  return magic.get((await statfs(path)).type) ?? 'disk';
}

async function isMountPoint(path: string): Promise<boolean> {
  return (await lstat(path)).dev !== (await lstat(dirname(path))).dev;
}

/** The generations under a mount point, in order. */
export async function generations(mountPoint: string): Promise<number[]> {
  const names = await readdir(mountPoint);
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/** The number of the generation at a path, or `undefined` when it is none. */
export function generationAt(path: string | undefined, mountPoint: string): number | undefined {
  if (path === undefined || dirname(path) !== mountPoint) return undefined;
  const name = path.slice(mountPoint.length + 1);
  return /^\d+$/.test(name) ? Number(name) : undefined;
}

/** One file of a generation. */
export interface GenerationFile {
  /** Below the generation; `/` makes directories. */
  readonly name: string;
  readonly content: Uint8Array;
  readonly mode: number;
  /** Default: this user's. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
}

/**
 * Writes files into a new directory; the owner and mode are exact whatever the umask, and set before the content.
 *
 * @param group - of the directories; default: left as it is.
 */
export async function writeGeneration(
  directory: string,
  files: readonly GenerationFile[],
  group: number | undefined,
): Promise<void> {
  await makeDirectory(directory, group);
  for (const { name, content, mode, owner } of files) {
    const path = join(directory, name);
    await makeParents(directory, dirname(path), group);
    const file = await open(path, 'wx', 0o600);
    try {
      if (owner !== undefined) await file.chown(owner.uid, owner.gid);
      await file.chmod(mode);
      await file.writeFile(content);
    } finally {
      await file.close();
    }
  }
}

async function makeParents(top: string, directory: string, group: number | undefined): Promise<void> {
  if (directory === top) return;
  await makeParents(top, dirname(directory), group);
  if ((await unlessAbsent(stat(directory)))?.isDirectory() === true) return;
  await makeDirectory(directory, group);
}

async function makeDirectory(path: string, group: number | undefined): Promise<void> {
  await mkdir(path, { mode: 0o700 });
  if (group !== undefined) await chown(path, 0, group);
  await chmod(path, 0o751);
}

/** Points a symlink at a target in one step: a reader sees the old target or the new one. */
export async function swapSymlink(
  path: string,
  target: string,
  owner?: { uid: number; gid: number },
): Promise<void> {
  await using folder = await openFolder(dirname(path), { owner: owner?.uid });
  // One name for all, so that the next activation takes away what a killed one has left; the lock keeps them apart.
  const temporary = folder.at(`${basename(path)}.cutover.tmp`);
  await rm(temporary, { force: true });
  await symlink(target, temporary);
  try {
    if (owner !== undefined) await lchownIfRoot(temporary, owner);
    await rename(temporary, folder.at(basename(path)));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function lchownIfRoot(path: string, { uid, gid }: { uid: number; gid: number }): Promise<void> {
  if (process.getuid?.() === 0) await lchown(path, uid, gid);
}

/**
 * Removes the generations older than the last `keep`, and those above the current one, which are left of a mount point that
 * was used otherwise; 0 keeps all, as in sops-nix.
 */
export async function pruneGenerations(mountPoint: string, current: number, keep: number): Promise<number[]> {
  if (keep === 0) return [];
  const old = (await generations(mountPoint)).filter(
    (number) => number <= current - keep || number > current,
  );
  for (const number of old) await rm(join(mountPoint, String(number)), { recursive: true, force: true });
  return old;
}
