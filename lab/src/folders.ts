import { createHash } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unlessAbsent } from '@cutover/foundation/errno';

/** Where one lab keeps what: all of it outside the checkout. */
export interface LabFolders {
  /** Eight hex digits of a hash of the checkout's path and the lab's name: two clones never share a lab. */
  readonly id: string;
  /** Everything the lab has on disk. */
  readonly root: string;
  /** The daemon's whole state (`INCUS_DIR`). */
  readonly incus: string;
  readonly socket: string;
  readonly record: string;
  readonly leases: string;
  readonly certificates: string;
  readonly ssh: string;
  readonly log: string;
}

/**
 * The folder that holds all labs of this machine. Not below a home: the users of a container are unprivileged here and
 * have to get through every folder above their root file system.
 */
export function labsFolder(env: NodeJS.ProcessEnv = process.env): string {
  return env['CUTOVER_LABS'] ?? '/var/lib/cutover';
}

/** The folder of what can be made again: the image, tools built from source. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'cutover');
}

/** The checkout this code runs from, by its real path, whether bundled in `lab/dist` or as source. */
export function checkout(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'lab', 'images', 'build'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`${fileURLToPath(import.meta.url)} is in no checkout of cutover`);
    folder = parent;
  }
  return realpathSync(folder);
}

/**
 * The root file system whose Incus daemon is to be used in place of this machine's, as `lab/images/incus-7/build` prints it.
 */
export function otherRoot(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const root = env['CUTOVER_INCUS_ROOT'];
  return root === '' ? undefined : root;
}

/** The folders of the lab called `name` of this checkout; a lab on another daemon is another lab. */
export function labFolders(name: string): LabFolders {
  const parts = [checkout(), name, ...(otherRoot() === undefined ? [] : [otherRoot()])];
  const id = createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 8);
  return foldersIn(join(labsFolder(), `lab-${id}`), id);
}

/** The folders of a lab whose root is known, e.g. one that another checkout left. */
export function foldersIn(root: string, id: string): LabFolders {
  const incus = join(root, 'incus');
  return {
    id,
    root,
    incus,
    socket: join(incus, 'unix.socket'),
    record: join(root, 'lab.json'),
    leases: join(root, 'leases'),
    certificates: join(root, 'certificates'),
    ssh: join(root, 'ssh'),
    log: join(root, 'incusd.log'),
  };
}

/** All labs of this machine, of every checkout. */
export async function allLabs(): Promise<LabFolders[]> {
  const names = (await unlessAbsent(readdir(labsFolder()))) ?? [];
  return names
    .filter((name) => /^lab-[0-9a-f]{8}$/.test(name))
    .map((name) => foldersIn(join(labsFolder(), name), name.slice(4)));
}
