import { FileError } from '../../errors.ts';
import type { Scope } from '../../scope.ts';
import type { FileAttributes, FileContent, WriteFileAttributes } from '../types.ts';
import { asked } from './attributes.ts';
import { type DirectoryEntry, type SftpCalls, sftpCalls } from './calls.ts';
import { SftpConnection } from './connection.ts';
import { type Leftovers, discard } from './draft.ts';
import { makeDirectory } from './make-directory.ts';
import { type SftpAttributes, openFlag } from './packets.ts';
import { type Chunks, readPieces } from './pipeline.ts';
import { placeOf } from './place.ts';
import { appendToFile, replaceFile, setAttributes } from './replace-file.ts';

/** The files of one instance or volume over SFTP: one connection, many requests under way. Paths are absolute. */
export interface SftpSession extends AsyncDisposable {
  /** Of the path itself; with `followLinks` of what a symlink leads to in the end. */
  stat(filePath: string, options?: { readonly followLinks?: boolean | undefined }): Promise<SftpAttributes>;
  /** What is in a directory, without `.` and `..`, in no order. */
  list(directory: string): Promise<readonly DirectoryEntry[]>;
  /** The content from `offset` on, in order; pieces are read ahead, and no more than a few MiB are held. */
  read(
    filePath: string,
    options?: { readonly offset?: number | undefined },
  ): AsyncGenerator<Buffer, void, void>;
  /**
   * Puts a file of what `content` yields in the place of what is there, in one step, with its owner and mode; or adds to
   * the end of one, which keeps its own. No other user of the guest sees it before its mode is set. A symlink is replaced;
   * one on the way is followed only where root made it in a folder of root's.
   *
   * @returns bytes written
   */
  write(
    filePath: string,
    content: FileContent,
    options?: WriteFileAttributes & { readonly append?: boolean | undefined },
  ): Promise<number>;
  /** Of a file or a directory; a symlink is refused, and so is, in a user's folder, what is root's. */
  setAttributes(filePath: string, attributes: WriteFileAttributes): Promise<void>;
  /** A symlink of a user's on the way is refused, as for `write`; so it is for all that follow and change something. */
  makeDirectory(directory: string, attributes?: WriteFileAttributes): Promise<void>;
  /** Makes a symlink at `linkPath` that leads to `target`, which need not exist. */
  symlink(linkPath: string, target: string): Promise<void>;
  /** Where a symlink leads, as it was written. */
  readLink(linkPath: string): Promise<string>;
  /** Moves a file, directory or symlink to another path. */
  rename(from: string, to: string): Promise<void>;
  /** A file or symlink. */
  remove(filePath: string): Promise<void>;
  /** An empty one. */
  removeDirectory(directory: string): Promise<void>;
}

async function openConnection(scope: Scope, owner: string, signal: AbortSignal | undefined) {
  const socket = await scope.transport.upgrade(scope.url(`${owner}/sftp`), 'sftp', {}, signal);
  return SftpConnection.open(socket, scope.transport, signal);
}

/** Milliseconds to remove what an aborted transfer has left. */
const patience = 5_000;

/** Opens a session with the instance or volume of the path `owner`. */
export async function openSftp(
  scope: Scope,
  owner: string,
  signal: AbortSignal | undefined,
): Promise<SftpSession> {
  const connection = await openConnection(scope, owner, signal);
  const leftovers: Leftovers = new Set();
  return {
    ...sftpSession(connection, sftpCalls(connection), leftovers),
    async [Symbol.asyncDispose]() {
      connection.close();
      if (leftovers.size === 0 || scope.transport.closed.aborted) return;
      // The abort of a transfer ends its connection, so its draft is removed over another one.
      const limit = AbortSignal.timeout(patience);
      const other = await openConnection(scope, owner, limit).catch(() => undefined);
      if (other === undefined) return;
      await discard(sftpCalls(other), leftovers);
      other.close();
    },
  };
}

function chunksOf(content: FileContent): Chunks {
  return typeof content === 'string' || content instanceof Uint8Array ? [content] : content;
}

/**
 * Reading a pipe waits until someone writes to it, and a device may never end.
 *
 * @throws {FileError} `BAD_REQUEST`
 */
export function refusePipe(filePath: string, { type }: FileAttributes): void {
  if (type === 'other')
    throw new FileError('BAD_REQUEST', filePath, 'is a pipe, a socket or a device, which are not read');
}

function sftpSession(
  connection: SftpConnection,
  calls: SftpCalls,
  leftovers: Leftovers,
): Omit<SftpSession, typeof Symbol.asyncDispose> {
  return {
    stat: (filePath, { followLinks = false } = {}) => (followLinks ? calls.stat : calls.lstat)(filePath),
    async list(directory) {
      const handle = await calls.openDirectory(directory);
      try {
        return await calls.readDirectory(handle, directory);
      } finally {
        await calls.close(handle, directory);
      }
    },
    async *read(filePath, { offset = 0 } = {}) {
      refusePipe(filePath, await calls.stat(filePath));
      const handle = await calls.open(filePath, openFlag.read);
      try {
        yield* readPieces(connection, handle, filePath, offset);
      } finally {
        await calls.close(handle, filePath);
      }
    },
    write: (filePath, content, { append = false, ...attributes } = {}) =>
      (append ? appendToFile : replaceFile)(
        connection,
        calls,
        filePath,
        chunksOf(content),
        asked(filePath, attributes),
        leftovers,
      ),
    setAttributes: async (filePath, attributes) =>
      setAttributes(calls, filePath, asked(filePath, attributes)),
    makeDirectory: async (directory, attributes = {}) =>
      makeDirectory(calls, directory, asked(directory, attributes)),
    async symlink(linkPath, target) {
      const { path } = await placeOf(calls, linkPath);
      await calls.symlink(path, target);
    },
    readLink: calls.readLink,
    async rename(from, to) {
      const [source, target] = await Promise.all([placeOf(calls, from), placeOf(calls, to)]);
      await calls.rename(source.path, target.path);
    },
    async remove(filePath) {
      const { path } = await placeOf(calls, filePath);
      await calls.remove(path);
    },
    async removeDirectory(directory) {
      const { path } = await placeOf(calls, directory);
      await calls.removeDirectory(path);
    },
  };
}
