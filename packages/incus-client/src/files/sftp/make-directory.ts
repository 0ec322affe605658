import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import { FileError } from '../../errors.ts';
import type { WriteFileAttributes } from '../types.ts';
import type { Handle, SftpCalls } from './calls.ts';
import { type Leftovers, discard, making, requireAt } from './draft.ts';
import { type Place, placeOf } from './place.ts';
import { lookAt, setOwnerAndMode } from './replace-file.ts';

/**
 * Makes a directory with its owner and mode. In a user's folder it is made elsewhere and moved there, so that it is the new
 * one whose owner is set, wherever the user has led the way meanwhile.
 */
export async function makeDirectory(
  calls: SftpCalls,
  directory: string,
  attributes: WriteFileAttributes,
): Promise<void> {
  const place = await placeOf(calls, directory);
  const mine: Leftovers = new Set();
  let handle: Handle | undefined;
  try {
    handle = await made(calls, place, mine);
    const there = await calls.fstat(handle, place.path);
    await setOwnerAndMode(calls, handle, place.path, there, attributes);
  } finally {
    if (handle !== undefined) await calls.close(handle, place.path);
    await discard(calls, mine);
  }
}

async function made(calls: SftpCalls, place: Place, mine: Leftovers): Promise<Handle> {
  const { base, directory, path } = place;
  if (base === undefined || base === directory) return madeInPlace(calls, place);
  if ((await lookAt(calls, path)) !== undefined)
    throw new FileError('ALREADY_EXISTS', path, 'is there already');
  const folder = posix.join(base, `.cutover-${randomBytes(12).toString('hex')}`);
  const draft = posix.join(folder, 'draft');
  mine.add(draft).add(folder);
  await making(place, calls.makeDirectory(folder));
  await calls.chmod(folder, 0o700);
  await calls.makeDirectory(draft);
  const handle = await calls.openDirectory(draft);
  try {
    await calls.rename(draft, path);
    await requireAt(calls, place, path, handle);
    return handle;
  } catch (error) {
    await calls.close(handle, path);
    if (error instanceof FileError && /cross-device/.test(error.message)) return madeInPlace(calls, place);
    throw error;
  }
}

/** Where no other user can change the folder, or where it has a file system of its own that is all a user's. */
async function madeInPlace(calls: SftpCalls, place: Place): Promise<Handle> {
  await calls.makeDirectory(place.path);
  const handle = await calls.openDirectory(place.path);
  if (place.base === place.directory) return handle;
  try {
    await requireAt(calls, place, place.path, handle);
    return handle;
  } catch (error) {
    await calls.close(handle, place.path);
    throw error;
  }
}
