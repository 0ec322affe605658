import type { SftpConnection } from './connection.ts';
import { isEndOfFile } from './connection.ts';
import { PacketReader, PacketWriter, type SftpAttributes, packetType } from './packets.ts';
import type { WriteFileAttributes } from '../types.ts';

/** A file or directory that the server holds open: what is done by it is done to that one, wherever its name leads by now. */
export type Handle = Buffer;

/** A name in a directory. */
export interface DirectoryEntry extends SftpAttributes {
  readonly name: string;
}

/** The requests of SFTP version 3, one function each. */
export interface SftpCalls {
  /** Of the path itself: a symlink is not followed. */
  lstat(path: string): Promise<SftpAttributes>;
  /** Of what a symlink leads to in the end, within the guest. */
  stat(path: string): Promise<SftpAttributes>;
  open(path: string, flags: number): Promise<Handle>;
  openDirectory(path: string): Promise<Handle>;
  close(handle: Handle, path: string): Promise<void>;
  fstat(handle: Handle, path: string): Promise<SftpAttributes>;
  /** Owner and group, if both are given, and permissions, by handle. */
  fsetstat(handle: Handle, path: string, attributes: WriteFileAttributes): Promise<void>;
  truncate(handle: Handle, path: string): Promise<void>;
  readDirectory(handle: Handle, path: string): Promise<readonly DirectoryEntry[]>;
  makeDirectory(path: string): Promise<void>;
  /** By name, so only where no other user can put a link in the place of `path`. */
  chmod(path: string, mode: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** A second name of a file, where there is none yet: unlike `rename` it replaces nothing. */
  link(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  removeDirectory(path: string): Promise<void>;
  readLink(path: string): Promise<string>;
  symlink(path: string, target: string): Promise<void>;
}

export function sftpCalls(connection: SftpConnection): SftpCalls {
  const on = (path: string | Handle) => new PacketWriter().bytes(path);

  const attributes = async (type: number, of: string | Handle, path: string) => {
    const answer = await connection.request(type, on(of));
    if (answer.type !== packetType.attrs) throw connection.unexpected(answer, path);
    return new PacketReader(answer.payload).attributes();
  };
  const handle = async (type: number, payload: PacketWriter, path: string): Promise<Handle> => {
    const answer = await connection.request(type, payload);
    if (answer.type !== packetType.handle) throw connection.unexpected(answer, path);
    return Buffer.from(new PacketReader(answer.payload).bytes());
  };
  const command = (type: number, payload: PacketWriter, path: string) =>
    connection.command(type, payload, path);

  return {
    lstat: (path) => attributes(packetType.lstat, path, path),
    stat: (path) => attributes(packetType.stat, path, path),
    open: (path, flags) => handle(packetType.open, on(path).uint32(flags).attributes({}), path),
    openDirectory: (path) => handle(packetType.opendir, on(path), path),
    close: (held, path) => command(packetType.close, on(held), path),
    fstat: (held, path) => attributes(packetType.fstat, held, path),
    // One request for each: pkg/sftp, the server, reads owner and permissions in the wrong order when both are in one.
    // The owner first, for a change of owner takes set-uid bits away.
    async fsetstat(held, path, { uid, gid, mode }) {
      if (uid !== undefined && gid !== undefined)
        await command(packetType.fsetstat, on(held).attributes({ uid, gid }), path);
      if (mode !== undefined)
        await command(packetType.fsetstat, on(held).attributes({ mode: goMode(mode) }), path);
    },
    truncate: (held, path) => command(packetType.fsetstat, on(held).attributes({ size: 0 }), path),
    async readDirectory(held, path) {
      const entries: DirectoryEntry[] = [];
      for (;;) {
        const answer = await connection.request(packetType.readdir, on(held));
        if (isEndOfFile(answer)) return entries;
        if (answer.type !== packetType.name) throw connection.unexpected(answer, path);
        const reader = new PacketReader(answer.payload);
        for (let count = reader.uint32(); count > 0; count -= 1) {
          const name = reader.text();
          reader.text();
          const facts = reader.attributes();
          if (name !== '.' && name !== '..') entries.push({ name, ...facts });
        }
      }
    },
    makeDirectory: (path) => command(packetType.mkdir, on(path).attributes({}), path),
    chmod: (path, mode) => command(packetType.setstat, on(path).attributes({ mode }), path),
    rename: (from, to) => command(packetType.rename, on(from).bytes(to), from),
    // An extension of OpenSSH's, which pkg/sftp has too.
    link: (from, to) => command(packetType.extended, on('hardlink@openssh.com').bytes(from).bytes(to), to),
    remove: (path) => command(packetType.remove, on(path), path),
    removeDirectory: (path) => command(packetType.rmdir, on(path), path),
    async readLink(path) {
      const answer = await connection.request(packetType.readlink, on(path));
      if (answer.type !== packetType.name) throw connection.unexpected(answer, path);
      const reader = new PacketReader(answer.payload);
      reader.uint32();
      return reader.text();
    },
    // OpenSSH's order of the two, which pkg/sftp keeps too: first the target.
    symlink: (path, target) => connection.command(packetType.symlink, on(target).bytes(path), path),
  };
}

/**
 * The server (pkg/sftp) takes the number for one of Go's own file modes, where set-uid, set-gid and sticky are bits 23, 22
 * and 20; a later one that knows those of POSIX finds them too.
 */
function goMode(mode: number): number {
  const special =
    ((mode & 0o4000) !== 0 ? 2 ** 23 : 0) |
    ((mode & 0o2000) !== 0 ? 2 ** 22 : 0) |
    ((mode & 0o1000) !== 0 ? 2 ** 20 : 0);
  return mode | special;
}
