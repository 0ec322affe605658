import { createReadStream } from 'node:fs';
import { randomBytes } from 'node:crypto';
import {
  type FileHandle,
  chmod,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises';
import { basename, dirname, join, posix } from 'node:path';
import { isErrno, unlessAbsent } from '@cutover/foundation/errno';
import { FileError } from '../errors.ts';
import { localError, onLocalFile } from './local-file.ts';
import { makeUnlessThere } from './make-parents.ts';
import type { DirectoryEntry } from './sftp/calls.ts';
import type { SftpSession } from './sftp/session.ts';
import type { CallOptions } from '../api/call-options.ts';
import type { PutFileOptions, WriteFileAttributes } from './types.ts';

/** How a tree is pushed into an instance. */
export interface PushOptions extends Omit<WriteFileAttributes, 'mode'>, PutFileOptions {
  readonly signal?: AbortSignal | undefined;
}

/** How a tree is pulled out of an instance. */
export interface PullOptions extends CallOptions {
  /** Pull what a symlink leads to, within the guest, in the link's place. Default: the link itself is pulled. */
  readonly followLinks?: boolean | undefined;
}

const chunkSize = 992 * 1024;
/** As many links within links as Linux follows. */
const linkLimit = 40;

/** Pushes a file, or a directory with all that is in it. Modes and symlinks are kept; all gets one owner, root by default. */
export async function pushPath(
  session: SftpSession,
  source: string,
  target: string,
  options: PushOptions,
): Promise<void> {
  options.signal?.throwIfAborted();
  const { uid = 0, gid = 0 } = options;
  const facts = await onLocalFile(source, lstat(source));
  const attributes = { uid, gid, mode: facts.mode & 0o7777 };
  if (facts.isSymbolicLink()) await replaceLink(session, target, await readlink(source));
  else if (facts.isDirectory()) {
    await ensureDirectory(session, target, attributes);
    for (const name of await readdir(source))
      await pushPath(session, join(source, name), posix.join(target, name), options);
  } else if (facts.isFile()) {
    await session.write(target, contentOf(source), attributes);
  } else throw new FileError('BAD_REQUEST', source, 'is neither a file, a directory nor a symlink');
}

/** Opened when the first chunk is asked for. */
async function* contentOf(source: string): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* createReadStream(source, { highWaterMark: chunkSize });
  } catch (error) {
    throw localError(source, error);
  }
}

/** Pulls a file, or a directory with all that is in it. Modes and symlinks are kept; what is there is replaced. */
export async function pullPath(
  session: SftpSession,
  source: string,
  target: string,
  options: PullOptions,
): Promise<void> {
  await pullEntry(
    session,
    source,
    target,
    { name: basename(source), ...(await session.stat(source)) },
    options,
    0,
  );
}

async function pullEntry(
  session: SftpSession,
  source: string,
  target: string,
  entry: DirectoryEntry,
  options: PullOptions,
  links: number,
): Promise<void> {
  options.signal?.throwIfAborted();
  if (entry.type === 'symlink' && options.followLinks === true) {
    if (links === linkLimit)
      throw new FileError('BAD_REQUEST', source, 'is reached by links that go round in a circle');
    const behind = { name: entry.name, ...(await session.stat(source, { followLinks: true })) };
    await pullEntry(session, source, target, behind, options, links + 1);
  } else if (entry.type === 'symlink') {
    await pullLink(await session.readLink(source), target);
  } else if (entry.type === 'file') await pullFile(session, source, target, entry.mode);
  else if (entry.type === 'other')
    throw new FileError('BAD_REQUEST', source, 'is neither a file, a directory nor a symlink');
  else {
    await onLocalFile(target, makeFolder(target, entry.mode));
    for (const child of await session.list(source)) {
      // A guest chooses these names: one must not lead out of the target.
      if (child.name.includes('/') || child.name === '..' || child.name === '')
        throw new FileError('PROTOCOL_ERROR', source, `contains an invalid file name: ${child.name}`);
      const place = join(target, child.name);
      if (child.type === 'directory' && (await isLink(place)))
        throw new FileError(
          'ALREADY_EXISTS',
          place,
          'is a symlink where a directory is to be; remove it first',
        );
      await pullEntry(session, posix.join(source, child.name), place, child, options, links);
    }
    await chmod(target, entry.mode);
  }
}

async function pullFile(session: SftpSession, source: string, target: string, mode: number): Promise<void> {
  // Never written through a link that stands there, nor into a file that others have opened: a new one takes its place.
  const draft = draftBeside(target);
  const file = await onLocalFile(dirname(target), open(draft, 'wx', 0o600));
  try {
    await writeAll(file, session.read(source));
    await file.chmod(mode);
    await onLocalFile(target, rename(draft, target));
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

/** Until all is in it, no one may enter it to whom either the guest's mode or the one that it had denies that. */
async function makeFolder(target: string, mode: number): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  try {
    await mkdir(target, { mode: 0o700 });
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
    const there = await stat(target);
    if (!there.isDirectory()) throw error;
    await chmod(target, (there.mode & mode & 0o7777) | 0o700);
  }
}

async function writeAll(file: FileHandle, pieces: AsyncIterable<Buffer>): Promise<void> {
  let gathered: Buffer[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    gathered.push(piece);
    bytes += piece.length;
    if (bytes < chunkSize) continue;
    await writeTogether(file, gathered, bytes);
    gathered = [];
    bytes = 0;
  }
  if (bytes > 0) await writeTogether(file, gathered, bytes);
}

/** A file system that is nearly full takes a part without an error: only who writes the rest learns why. */
async function writeTogether(file: FileHandle, pieces: Buffer[], bytes: number): Promise<void> {
  const { bytesWritten } = await file.writev(pieces);
  if (bytesWritten < bytes) await file.writeFile(Buffer.concat(pieces).subarray(bytesWritten));
}

/** In the place of what is there, but of a directory. */
async function pullLink(leadsTo: string, target: string): Promise<void> {
  const draft = draftBeside(target);
  await onLocalFile(dirname(target), symlink(leadsTo, draft));
  try {
    await onLocalFile(target, rename(draft, target));
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

function draftBeside(target: string): string {
  return join(dirname(target), `.cutover-${randomBytes(12).toString('hex')}`);
}

async function isLink(target: string): Promise<boolean> {
  return (await unlessAbsent(lstat(target)))?.isSymbolicLink() === true;
}

async function ensureDirectory(
  session: SftpSession,
  directory: string,
  attributes: Required<WriteFileAttributes>,
): Promise<void> {
  const there = await factsOf(session, directory);
  if (there === undefined) await makeUnlessThere(session, directory, attributes);
  else if (there.type !== 'directory')
    throw new FileError('ALREADY_EXISTS', directory, `is a ${there.type} where a directory is to be`);
  // In a user's folder what is root's is not changed, and need not be where it is as it should be.
  else if ((['uid', 'gid', 'mode'] as const).some((key) => there[key] !== attributes[key]))
    await session.setAttributes(directory, attributes);
}

async function replaceLink(session: SftpSession, linkPath: string, target: string): Promise<void> {
  if ((await factsOf(session, linkPath)) !== undefined) await session.remove(linkPath);
  await session.symlink(linkPath, target);
}

async function factsOf(session: SftpSession, filePath: string) {
  try {
    return await session.stat(filePath);
  } catch (error) {
    if (error instanceof FileError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}
