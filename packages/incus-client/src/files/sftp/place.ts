import { posix } from 'node:path';
import { FileError } from '../../errors.ts';
import type { Handle, SftpCalls } from './calls.ts';
import { type SftpAttributes, isSame } from './packets.ts';

/** Where a file of a guest is, once the links on the way to its folder are resolved. */
export interface Place {
  readonly directory: string;
  /** `directory` and the file's name. */
  readonly path: string;
  readonly facts: SftpAttributes;
  /**
   * The deepest folder on the way in which only root can rename or delete what root has made: `directory` itself, where no
   * other user can put something else in its place. `undefined`: there is none.
   */
  readonly base: string | undefined;
}

/** As many as Linux follows. */
const linkLimit = 40;

/**
 * Finds the folder of a file. A guest's users choose what is in their own folders: a link is followed only where root made
 * it in a folder of root's.
 *
 * @throws {FileError} `NOT_FOUND`: a folder on the way is not there. `FORBIDDEN`: a user's link is on the way.
 */
export async function placeOf(calls: SftpCalls, filePath: string): Promise<Place> {
  const name = posix.basename(filePath);
  if (!filePath.startsWith('/') || filePath.split('/').includes('..') || name === '' || name === '.')
    throw new FileError('BAD_REQUEST', filePath, 'give an absolute path of a file, without `..`');
  let directory = posix.dirname(posix.normalize(filePath));
  for (let links = 0; links <= linkLimit; links += 1) {
    const found = await walk(calls, directory, filePath);
    if (!('link' in found)) return { ...found, directory, path: posix.join(directory, name) };
    directory = found.link;
  }
  throw new FileError('BAD_REQUEST', filePath, 'has too many symlinks on its way');
}

/** Whether what is held open is at `path`, with the folders on its way that were found before. */
export async function isAt(
  calls: SftpCalls,
  expected: Place,
  path: string,
  handle: Handle,
): Promise<boolean> {
  const [again, here, held] = await Promise.all([
    placeOf(calls, path),
    calls.lstat(path),
    calls.fstat(handle, path),
  ]);
  return isSame(here, held) && again.directory === expected.directory;
}

async function walk(
  calls: SftpCalls,
  directory: string,
  filePath: string,
): Promise<Pick<Place, 'base' | 'facts'> | { readonly link: string }> {
  const folders = foldersOn(directory);
  const looks = await Promise.allSettled(folders.map((folder) => calls.lstat(folder)));
  let base: string | undefined;
  let safe = true;
  for (const [index, folder] of folders.entries()) {
    const look = looks[index];
    if (look?.status !== 'fulfilled') throw look?.reason;
    const facts = look.value;
    if (facts.type === 'symlink') {
      if (!safe || facts.uid !== 0)
        throw new FileError(
          'FORBIDDEN',
          filePath,
          `${folder} on its way is a symlink that a user of the guest may have put there; name the folder it leads to`,
        );
      const target = posix.resolve(posix.dirname(folder), await calls.readLink(folder));
      return { link: posix.join(target, posix.relative(folder, directory)) };
    }
    if (facts.type !== 'directory')
      throw new FileError('BAD_REQUEST', filePath, `${folder} on its way is not a directory`);
    safe &&= keepsEntries(facts);
    if (safe) base = folder;
    if (folder === directory) return { base, facts };
  }
  throw new FileError('BAD_REQUEST', filePath, 'has no folder');
}

/** `/`, `/a`, `/a/b` of `/a/b`. */
function foldersOn(directory: string): readonly string[] {
  const parts = directory.split('/').filter((part) => part !== '');
  return ['/', ...parts.map((_part, index) => `/${parts.slice(0, index + 1).join('/')}`)];
}

/** Whether no user but root can rename or delete what root has in a folder. */
function keepsEntries({ uid, mode }: SftpAttributes): boolean {
  return uid === 0 && ((mode & 0o022) === 0 || (mode & 0o1000) !== 0);
}
