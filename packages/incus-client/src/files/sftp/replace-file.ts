import { posix } from 'node:path';
import { FileError } from '../../errors.ts';
import type { WriteFileAttributes } from '../types.ts';
import type { Handle, SftpCalls } from './calls.ts';
import type { SftpConnection } from './connection.ts';
import { type Leftovers, discard, makeDraft, putInPlace } from './draft.ts';
import { isSame, type SftpAttributes, openFlag } from './packets.ts';
import { type Chunks, writePieces } from './pipeline.ts';
import { type Place, isAt, placeOf } from './place.ts';

/**
 * Puts a new file in the place of what is there, whole and with its owner and mode, in one step. A symlink is replaced, not
 * followed.
 *
 * @param isNew - nothing was there: in a user's folder it then replaces nothing.
 * @returns bytes written
 */
export async function replaceFile(
  connection: SftpConnection,
  calls: SftpCalls,
  filePath: string,
  content: Chunks,
  { uid = 0, gid = 0, mode = 0o644 }: WriteFileAttributes,
  leftovers: Leftovers,
  isNew = false,
): Promise<number> {
  const to = await placeOf(calls, filePath);
  const before = await lookAt(calls, to.path);
  if (before?.type === 'directory') throw new FileError('ALREADY_EXISTS', filePath, 'is a directory');
  const mine: Leftovers = new Set();
  let handle: Handle | undefined;
  try {
    const draft = await makeDraft(calls, to, { uid, mode }, mine);
    handle = draft.handle;
    const written = await writePieces(connection, handle, filePath, content, 0);
    await calls.fsetstat(handle, filePath, { uid, gid, mode });
    await requireMode(calls, handle, filePath, mode);
    await putInPlace(calls, draft, to, { isNew: isNew || before === undefined }, mine);
    return written;
  } catch (error) {
    await discard(calls, mine);
    for (const path of mine) leftovers.add(path);
    throw error;
  } finally {
    if (handle !== undefined) await calls.close(handle, filePath);
  }
}

/** Adds to the end of a file; one that is missing is made as by {@link replaceFile}. @returns bytes written */
export async function appendToFile(
  connection: SftpConnection,
  calls: SftpCalls,
  filePath: string,
  content: Chunks,
  attributes: WriteFileAttributes,
  leftovers: Leftovers,
): Promise<number> {
  const place = await placeOf(calls, filePath);
  if ((await lookAt(calls, place.path)) === undefined)
    return replaceFile(connection, calls, filePath, content, attributes, leftovers, true);
  const { handle, there } = await openSame(calls, place, openFlag.write | openFlag.append);
  if (there.type === 'directory') {
    await calls.close(handle, place.path);
    throw new FileError('BAD_REQUEST', filePath, 'is a directory');
  }
  try {
    return await writePieces(connection, handle, filePath, content, there.size);
  } finally {
    await calls.close(handle, filePath);
  }
}

/**
 * Sets owner and mode of a file or a directory. A symlink is refused: who owns its folder chooses where it leads. So is, in a
 * user's folder, what is root's: the way there may lead to anything of root's at the moment it is opened.
 */
export async function setAttributes(
  calls: SftpCalls,
  filePath: string,
  attributes: WriteFileAttributes,
): Promise<void> {
  const { handle, there } = await openSame(calls, await placeOrRoot(calls, filePath), openFlag.read);
  try {
    await setOwnerAndMode(calls, handle, filePath, there, attributes);
  } finally {
    await calls.close(handle, filePath);
  }
}

/** The same of what is held open; what is not given stays. */
export async function setOwnerAndMode(
  calls: SftpCalls,
  handle: Handle,
  filePath: string,
  there: SftpAttributes,
  { uid, gid, mode }: WriteFileAttributes,
): Promise<void> {
  const owner =
    uid === undefined && gid === undefined ? {} : { uid: uid ?? there.uid, gid: gid ?? there.gid };
  await calls.fsetstat(handle, filePath, { ...owner, mode });
  if (mode !== undefined) await requireMode(calls, handle, filePath, mode);
}

/** Attributes, or `undefined` where there is nothing. */
export async function lookAt(calls: SftpCalls, filePath: string): Promise<SftpAttributes | undefined> {
  try {
    return await calls.lstat(filePath);
  } catch (error) {
    if (error instanceof FileError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

/** How often a file is opened that changes meanwhile, such as a log that grows. */
const attempts = 10;

/** The root folder, of a volume for instance, lies in no other: its place is its own. */
async function placeOrRoot(calls: SftpCalls, filePath: string): Promise<Place> {
  if (posix.normalize(filePath) !== '/') return placeOf(calls, filePath);
  return { directory: '/', path: '/', facts: await calls.lstat('/'), base: '/' };
}

/** Opens what is there, and sees that no link was put in its place meanwhile, or on the way to it. */
async function openSame(
  calls: SftpCalls,
  place: Place,
  flags: number,
): Promise<{ readonly handle: Handle; readonly there: SftpAttributes }> {
  const filePath = place.path;
  for (let left = attempts; left > 0; left -= 1) {
    const there = await calls.lstat(filePath);
    if (there.type === 'symlink')
      throw new FileError('BAD_REQUEST', filePath, 'is a symlink; name what it leads to');
    if (there.type === 'other')
      throw new FileError('BAD_REQUEST', filePath, 'is neither a file nor a directory');
    const handle =
      there.type === 'directory' ? await calls.openDirectory(filePath) : await calls.open(filePath, flags);
    let same = false;
    try {
      same =
        isSame(await calls.fstat(handle, filePath), there) && (await staysAt(calls, place, handle, there));
      if (same) return { handle, there };
    } finally {
      if (!same) await calls.close(handle, filePath);
    }
  }
  throw new FileError('FORBIDDEN', filePath, 'changed each time it was opened');
}

/**
 * Whether what is held open is what it was opened for: in a folder of root's no one can put another in its place. Elsewhere
 * it can be seen to be there, but not that it was there all the time, so what is root's is not changed there.
 */
async function staysAt(
  calls: SftpCalls,
  place: Place,
  handle: Handle,
  there: SftpAttributes,
): Promise<boolean> {
  if (place.base === place.directory) return true;
  if (there.uid === 0)
    throw new FileError(
      'FORBIDDEN',
      place.path,
      'belongs to root in a folder that another user may change; change it by a command in the guest',
    );
  return isAt(calls, place, place.path, handle);
}

/** A server that cannot set these bits leaves them out without a word. */
async function requireMode(calls: SftpCalls, handle: Handle, filePath: string, mode: number): Promise<void> {
  if ((mode & 0o7000) === 0) return;
  const { mode: now } = await calls.fstat(handle, filePath);
  if (now !== mode)
    throw new FileError(
      'API_ERROR',
      filePath,
      `could not be given the mode ${mode.toString(8)}: it has ${now.toString(8)}`,
    );
}
