import type { Scope } from '../../scope.ts';
import type { WriteFileAttributes } from '../types.ts';
import { SftpConnection, isEndOfFile } from './connection.ts';
import { PacketReader, PacketWriter, type SftpAttributes, openFlag, packetType } from './packets.ts';
import { readPieces, writePieces } from './pipeline.ts';

/** A name in a directory. */
export interface DirectoryEntry extends SftpAttributes {
  readonly name: string;
}

/** The files of one instance or volume over SFTP: one connection, many requests under way. Paths are absolute. */
export interface SftpSession extends AsyncDisposable {
  /** Of the path itself: a symlink is not followed. */
  stat(filePath: string): Promise<SftpAttributes>;
  list(directory: string): Promise<readonly DirectoryEntry[]>;
  /** The content from `offset` on, in order; pieces are read ahead, and no more than a few MiB are held. */
  read(
    filePath: string,
    options?: { readonly offset?: number | undefined },
  ): AsyncGenerator<Buffer, void, void>;
  /** Writes what `content` yields, replacing the file or adding to its end. @returns bytes written */
  write(
    filePath: string,
    content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    options?: WriteFileAttributes & { readonly append?: boolean | undefined },
  ): Promise<number>;
  setAttributes(filePath: string, attributes: WriteFileAttributes): Promise<void>;
  makeDirectory(directory: string, attributes?: WriteFileAttributes): Promise<void>;
  symlink(linkPath: string, target: string): Promise<void>;
  readLink(linkPath: string): Promise<string>;
  rename(from: string, to: string): Promise<void>;
  /** A file or symlink. */
  remove(filePath: string): Promise<void>;
  /** An empty one. */
  removeDirectory(directory: string): Promise<void>;
}

/** Opens a session with the instance or volume of the path `owner`. */
export async function openSftp(
  scope: Scope,
  owner: string,
  signal: AbortSignal | undefined,
): Promise<SftpSession> {
  const socket = await scope.transport.upgrade(scope.url(`${owner}/sftp`), 'sftp', {}, signal);
  return sftpSession(await SftpConnection.open(socket, scope.transport.server, signal));
}

function sftpSession(connection: SftpConnection): SftpSession {
  const onPath = (filePath: string) => new PacketWriter().bytes(filePath);

  const openHandle = async (type: number, payload: PacketWriter, filePath: string) => {
    const answer = await connection.request(type, payload);
    if (answer.type !== packetType.handle) throw connection.unexpected(answer, filePath);
    return Buffer.from(new PacketReader(answer.payload).bytes());
  };
  const closeHandle = (handle: Buffer, filePath: string) =>
    connection.command(packetType.close, new PacketWriter().bytes(handle), filePath);
  // One request for each: pkg/sftp, the server, reads owner and permissions in the wrong order when both are in one.
  // The owner first, for a change of owner takes set-uid bits away.
  const setAttributes = async (filePath: string, { uid, gid, mode }: WriteFileAttributes) => {
    if (uid !== undefined || gid !== undefined)
      await connection.command(
        packetType.setstat,
        onPath(filePath).attributes({ uid: uid ?? 0, gid: gid ?? 0 }),
        filePath,
      );
    if (mode !== undefined)
      await connection.command(packetType.setstat, onPath(filePath).attributes({ mode }), filePath);
  };

  const listHandle = async (handle: Buffer, directory: string) => {
    const entries: DirectoryEntry[] = [];
    for (;;) {
      const answer = await connection.request(packetType.readdir, new PacketWriter().bytes(handle));
      if (isEndOfFile(answer)) return entries;
      if (answer.type !== packetType.name) throw connection.unexpected(answer, directory);
      const reader = new PacketReader(answer.payload);
      for (let count = reader.uint32(); count > 0; count -= 1) {
        const name = reader.text();
        reader.text();
        const attributes = reader.attributes();
        if (name !== '.' && name !== '..') entries.push({ name, ...attributes });
      }
    }
  };

  return {
    async stat(filePath) {
      const answer = await connection.request(packetType.lstat, onPath(filePath));
      if (answer.type !== packetType.attrs) throw connection.unexpected(answer, filePath);
      return new PacketReader(answer.payload).attributes();
    },
    async list(directory) {
      const handle = await openHandle(packetType.opendir, onPath(directory), directory);
      try {
        return await listHandle(handle, directory);
      } finally {
        await closeHandle(handle, directory);
      }
    },
    async *read(filePath, { offset = 0 } = {}) {
      const handle = await openHandle(
        packetType.open,
        onPath(filePath).uint32(openFlag.read).attributes({}),
        filePath,
      );
      try {
        yield* readPieces(connection, handle, filePath, offset);
      } finally {
        await closeHandle(handle, filePath);
      }
    },
    async write(filePath, content, { append = false, ...attributes } = {}) {
      const flags = openFlag.write | openFlag.create | (append ? openFlag.append : openFlag.truncate);
      const start = append ? await sizeOf(connection, filePath) : 0;
      const handle = await openHandle(
        packetType.open,
        onPath(filePath).uint32(flags).attributes({}),
        filePath,
      );
      let written: number;
      try {
        // Before the first byte of content, so that none is ever open wider than asked for.
        await setAttributes(filePath, attributes);
        written = await writePieces(connection, handle, filePath, content, start);
      } finally {
        await closeHandle(handle, filePath);
      }
      return written;
    },
    setAttributes,
    async makeDirectory(directory, attributes = {}) {
      await connection.command(packetType.mkdir, onPath(directory).attributes({}), directory);
      await setAttributes(directory, attributes);
    },
    // OpenSSH's order of the two, which pkg/sftp keeps too: first the target.
    symlink: (linkPath, target) =>
      connection.command(packetType.symlink, onPath(target).bytes(linkPath), linkPath),
    async readLink(linkPath) {
      const answer = await connection.request(packetType.readlink, onPath(linkPath));
      if (answer.type !== packetType.name) throw connection.unexpected(answer, linkPath);
      const reader = new PacketReader(answer.payload);
      reader.uint32();
      return reader.text();
    },
    rename: (from, to) => connection.command(packetType.rename, onPath(from).bytes(to), from),
    remove: (filePath) => connection.command(packetType.remove, onPath(filePath), filePath),
    removeDirectory: (directory) => connection.command(packetType.rmdir, onPath(directory), directory),
    async [Symbol.asyncDispose]() {
      connection.close();
    },
  };
}

/** 0 where there is no file yet. */
async function sizeOf(connection: SftpConnection, filePath: string): Promise<number> {
  const answer = await connection.request(packetType.lstat, new PacketWriter().bytes(filePath));
  return answer.type === packetType.attrs ? new PacketReader(answer.payload).attributes().size : 0;
}
