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
  for (const folder of missing.toReversed()) await session.makeDirectory(folder, { uid, gid, mode });
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
