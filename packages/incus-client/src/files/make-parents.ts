import { posix } from 'node:path';
import { FileError } from '../errors.ts';
import type { SftpSession } from './sftp/session.ts';
import type { WriteFileAttributes } from './types.ts';

/** Makes the folders on the way to a file that are not there yet. Those that are there stay as they are. */
export async function makeParents(
  session: SftpSession,
  filePath: string,
  wanted: boolean | WriteFileAttributes | undefined,
): Promise<void> {
  if (wanted === undefined || wanted === false) return;
  const { uid = 0, gid = 0, mode = 0o755 } = wanted === true ? {} : wanted;
  const missing: string[] = [];
  for (
    let folder = posix.dirname(posix.normalize(filePath));
    folder !== '/';
    folder = posix.dirname(folder)
  ) {
    if (await isThere(session, folder)) break;
    missing.push(folder);
  }
  for (const folder of missing.toReversed()) await makeUnlessThere(session, folder, { uid, gid, mode });
}

/** Makes a folder; that another call or client makes the same one at that moment is as good. */
export async function makeUnlessThere(
  session: SftpSession,
  folder: string,
  attributes: WriteFileAttributes,
): Promise<void> {
  if (await isDirectory(session, folder)) return;
  try {
    await session.makeDirectory(folder, attributes);
  } catch (error) {
    const there = error instanceof FileError && error.code === 'ALREADY_EXISTS';
    if (!there || !(await isDirectory(session, folder))) throw error;
  }
}

async function isDirectory(session: SftpSession, folder: string): Promise<boolean> {
  try {
    return (await session.stat(folder, { followLinks: true })).type === 'directory';
  } catch (error) {
    if (error instanceof FileError && error.code === 'NOT_FOUND') return false;
    throw error;
  }
}

async function isThere(session: SftpSession, path: string): Promise<boolean> {
  try {
    await session.stat(path);
    return true;
  } catch (error) {
    if (error instanceof FileError && error.code === 'NOT_FOUND') return false;
    throw error;
  }
}
