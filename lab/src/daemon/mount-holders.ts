import { chmod, chown, mkdir, rmdir, stat } from 'node:fs/promises';
import { isErrno } from '@cutover/foundation/errno';
import { foreignMounts } from '../mounts.ts';
import { allPids, identify, type ProcessIdentity, readProc } from '../processes.ts';

/** A process that has devices mounted in another mount namespace than ours. */
export interface Holder extends ProcessIdentity {
  /** Its name, e.g. `sleep`. */
  readonly command: string;
  readonly devices: readonly string[];
}

/** Who has one of `devices` mounted where we do not see it. */
export async function holdersOf(devices: readonly string[]): Promise<Holder[]> {
  if (devices.length === 0) return [];
  const holders = await Promise.all(
    (await allPids()).map(async (pid) => {
      const sources = (await foreignMounts(pid)).map(({ source }) => source);
      const held = devices.filter((device) => sources.includes(device));
      const identity = held.length === 0 ? undefined : await identify(pid);
      const command = (await readProc(`/proc/${pid}/comm`))?.trim() ?? '';
      return identity && { ...identity, command, devices: held };
    }),
  );
  return holders.filter((holder) => holder !== undefined);
}

/**
 * Unmounts what lies in `folder` in the mount namespaces of other programs, which copied it with all other mounts of this
 * machine when they began: the kernel drops every mount of a folder that is removed (`detach_mounts` in fs/namespace.c). The
 * folders are made again as they were. What is mounted in our own namespace is left alone.
 */
export async function unmountElsewhere(folder: string): Promise<void> {
  const mounts = (await Promise.all((await allPids()).map(foreignMounts))).flat();
  const points = mounts
    .filter(({ point }) => point.includes(`${folder}/`))
    // Below another root, such as that of a chroot, the folder is further down.
    .map(({ point }) => point.slice(point.indexOf(`${folder}/`)));
  for (const point of [...new Set(points)].toSorted()) await renew(point);
}

/** Removes an empty folder and makes it again. */
async function renew(path: string): Promise<void> {
  try {
    const { mode, uid, gid } = await stat(path);
    await rmdir(path);
    await mkdir(path);
    await chown(path, uid, gid);
    await chmod(path, mode & 0o7777);
  } catch (error) {
    // Gone, a file, not empty or mounted here: then its mounts stay, and their holders are named.
    if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'ENOTEMPTY', 'EBUSY')) throw error;
  }
}
