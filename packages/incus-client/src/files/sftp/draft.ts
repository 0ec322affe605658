import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import { FileError } from '../../errors.ts';
import type { Handle, SftpCalls } from './calls.ts';
import { openFlag } from './packets.ts';
import { type Place, isAt } from './place.ts';

/** A new, empty file that no other user of the guest can have opened, to be filled and renamed into its place. */
interface Draft {
  readonly handle: Handle;
  readonly path: string;
  /** The folder that hides it, where it is in one. */
  readonly folder: string | undefined;
}

/** Paths of drafts that are not in their place yet: what an interrupted session leaves behind. */
export type Leftovers = Set<string>;

const creation = openFlag.write | openFlag.create | openFlag.exclusive;

/**
 * The server makes each file with mode 0644, whatever mode it is asked for (Incus 6.0), and who opens one then reads what is
 * written later. So it is made in a folder that only root can enter, in one that only root can change. Where the
 * file's own folder is a user's, the empty draft is moved there first: the rename into place is then one within a folder,
 * which cannot be led elsewhere by a link.
 */
export async function makeDraft(
  calls: SftpCalls,
  place: Place,
  wanted: { readonly uid: number; readonly mode: number },
  leftovers: Leftovers,
): Promise<Draft> {
  const name = `.cutover-${randomBytes(12).toString('hex')}`;
  if (place.base === undefined) return inPlace(calls, place, wanted, name, leftovers);
  const folder = posix.join(place.base, name);
  const path = posix.join(folder, 'draft');
  leftovers.add(path).add(folder);
  await making(place, calls.makeDirectory(folder));
  await calls.chmod(folder, 0o700);
  const handle = await calls.open(path, creation);
  if (place.base === place.directory) return { handle, path, folder };
  await calls.fsetstat(handle, path, { mode: 0o600 });
  const moved = posix.join(place.directory, name);
  try {
    leftovers.add(moved);
    await calls.rename(path, moved);
  } catch (error) {
    await calls.close(handle, path);
    await discard(calls, leftovers);
    if (error instanceof FileError && /cross-device/.test(error.message))
      return inPlace(calls, place, wanted, name, leftovers);
    throw error;
  }
  await calls.removeDirectory(folder);
  leftovers.delete(path);
  leftovers.delete(folder);
  await requireAt(calls, place, moved, handle);
  return { handle, path: moved, folder: undefined };
}

/** On a file system where every folder is a user's there is nowhere to hide. */
async function inPlace(
  calls: SftpCalls,
  place: Place,
  wanted: { readonly uid: number; readonly mode: number },
  name: string,
  leftovers: Leftovers,
): Promise<Draft> {
  const { directory, facts, path } = place;
  const closed = (facts.mode & 0o011) === 0 && facts.uid === wanted.uid;
  if (!closed && (wanted.mode & 0o004) === 0)
    throw new FileError(
      'FORBIDDEN',
      path,
      `cannot be kept from other users while it is written, for user ${facts.uid} owns its file system; write it with incusHost().writeFile`,
    );
  const draft = posix.join(directory, name);
  leftovers.add(draft);
  return { handle: await making(place, calls.open(draft, creation)), path: draft, folder: undefined };
}

/** That a folder, such as one of /proc, takes no new file is not evidence that a file is absent. */
export async function making<T>({ path }: Place, act: Promise<T>): Promise<T> {
  try {
    return await act;
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    const code = error.code === 'NOT_FOUND' ? 'API_ERROR' : error.code;
    throw new FileError(code, path, 'no file can be made in its folder, as one has to be to replace it', {
      cause: error,
    });
  }
}

/**
 * Puts a draft in its place. Where a user may have led it elsewhere meanwhile, that is seen, and it is emptied; a file that is
 * new takes no other's place there.
 */
export async function putInPlace(
  calls: SftpCalls,
  draft: Draft,
  to: Place,
  { isNew }: { readonly isNew: boolean },
  leftovers: Leftovers,
): Promise<void> {
  if (isNew && to.base !== to.directory) await linkInPlace(calls, draft, to);
  else await calls.rename(draft.path, to.path);
  leftovers.delete(draft.path);
  if (draft.folder !== undefined) {
    await calls.removeDirectory(draft.folder);
    leftovers.delete(draft.folder);
  }
  if (to.base === to.directory) return;
  try {
    await requireAt(calls, to, to.path, draft.handle);
  } catch (error) {
    await calls.truncate(draft.handle, to.path);
    await calls.fsetstat(draft.handle, to.path, { uid: 0, gid: 0, mode: 0 });
    throw error;
  }
}

async function linkInPlace(calls: SftpCalls, draft: Draft, to: Place): Promise<void> {
  try {
    await calls.link(draft.path, to.path);
  } catch (error) {
    if (!(error instanceof FileError && error.code === 'ALREADY_EXISTS')) throw error;
    const words = 'another file came into its place while it was written';
    throw new FileError('FORBIDDEN', to.path, words, { cause: error });
  }
  await calls.remove(draft.path);
}

export async function requireAt(
  calls: SftpCalls,
  expected: Place,
  path: string,
  handle: Handle,
): Promise<void> {
  if (await isAt(calls, expected, path, handle)) return;
  throw new FileError('FORBIDDEN', expected.path, 'a folder on its way was changed while it was written');
}

/** Removes what is left of drafts, the files first. Over a lost connection they stay in the set. */
export async function discard(calls: SftpCalls, leftovers: Leftovers): Promise<void> {
  for (const path of leftovers) {
    try {
      await removeAny(calls, path);
    } catch (error) {
      // The error that made it a leftover is the one to tell.
      if (!(error instanceof FileError)) return;
    }
    leftovers.delete(path);
  }
}

async function removeAny(calls: SftpCalls, path: string): Promise<void> {
  const { type } = await calls.lstat(path);
  if (type === 'directory') await calls.removeDirectory(path);
  else await calls.remove(path);
}
