import { constants } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { isErrno } from '@cutover/foundation/errno';
import { SecretsError } from '../errors.ts';

/** An open folder. Paths below it stay in it, whatever becomes of the path that it was opened by. */
export interface Folder extends AsyncDisposable {
  readonly handle: FileHandle;
  /** The path of an entry in it, by way of the handle. */
  at(name: string): string;
}

export interface FolderOptions {
  /** The mode of the folder itself where it is made; folders above it are made with 0755. Default 0755. */
  readonly mode?: number | undefined;
  /** Who else than root and this process's user may own a folder on the way. */
  readonly owner?: number | undefined;
}

const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Opens a folder and makes it where it is missing. As root, each folder on the way is opened from the one above, never
 * through a symbolic link, and has to belong to root or to `owner`: no other user can lead root elsewhere.
 *
 * @throws {SecretsError} `ACTIVATION_FAILED` naming the folder that is a link, or another user's.
 */
export async function openFolder(path: string, options: FolderOptions = {}): Promise<Folder> {
  const found = await walk(path, options, true);
  if (found === undefined)
    throw new SecretsError('ACTIVATION_FAILED', 'the folder cannot be made', { file: path });
  return found;
}

/** Refuses the same as `openFolder`, and makes nothing. */
export async function checkFolder(path: string, options: FolderOptions = {}): Promise<void> {
  await (await walk(path, options, false))?.[Symbol.asyncDispose]();
}

async function walk(
  path: string,
  { mode = 0o755, owner }: FolderOptions,
  make: boolean,
): Promise<Folder | undefined> {
  const isRoot = process.getuid?.() === 0;
  if (!isRoot && make) await mkdir(path, { recursive: true, mode });
  if (!isRoot) return make ? folderOf(await open(path, 'r')) : undefined;
  let folder = folderOf(await open('/', flags));
  const names = path.split('/').filter((name) => name !== '');
  for (const [index, name] of names.entries()) {
    const isLast = index === names.length - 1;
    const place = `/${names.slice(0, index + 1).join('/')}`;
    await using above = folder;
    const next = await step(above, name, place, make ? (isLast ? mode : 0o755) : undefined);
    if (next === undefined) return undefined;
    const { uid } = await next.handle.stat();
    if (uid !== 0 && uid !== owner) {
      await next[Symbol.asyncDispose]();
      const what = `the folder belongs to user ${uid}, who could lead root elsewhere; give it to root or to the secret's owner`;
      throw new SecretsError('ACTIVATION_FAILED', what, { file: place });
    }
    folder = next;
  }
  return folder;
}

/** Opens an entry of a folder as a folder; `undefined` where there is none and none is to be made. */
async function step(
  above: Folder,
  name: string,
  place: string,
  mode: number | undefined,
): Promise<Folder | undefined> {
  for (let made = false; ;) {
    try {
      const folder = folderOf(await open(above.at(name), flags));
      // Exact under any umask, and of the very folder that was made.
      if (made && mode !== undefined) await folder.handle.chmod(mode);
      return folder;
    } catch (error) {
      if (isErrno(error, 'ELOOP', 'ENOTDIR', 'EMLINK')) {
        const what =
          'it is a symbolic link or a file, where root needs a folder; name the real path in the manifest';
        throw new SecretsError('ACTIVATION_FAILED', what, { file: place });
      }
      if (!isErrno(error, 'ENOENT') || made) throw error;
    }
    if (mode === undefined) return undefined;
    made = await mkdir(above.at(name), { mode: 0o700 }).then(
      () => true,
      (error: unknown) => {
        if (isErrno(error, 'EEXIST')) return false;
        throw error;
      },
    );
  }
}

function folderOf(handle: FileHandle): Folder {
  return {
    handle,
    at: (name) => `/proc/self/fd/${handle.fd}/${name}`,
    [Symbol.asyncDispose]: () => handle.close(),
  };
}
