import { IncusError } from '../../errors.ts';
import type { FileAttributes } from '../types.ts';

/** Packet types of SFTP version 3 (draft-ietf-secsh-filexfer-02), those that are used here. */
export const packetType = {
  init: 1,
  version: 2,
  open: 3,
  close: 4,
  read: 5,
  write: 6,
  lstat: 7,
  fstat: 8,
  setstat: 9,
  fsetstat: 10,
  opendir: 11,
  readdir: 12,
  remove: 13,
  mkdir: 14,
  rmdir: 15,
  stat: 17,
  rename: 18,
  readlink: 19,
  symlink: 20,
  status: 101,
  handle: 102,
  data: 103,
  name: 104,
  attrs: 105,
  extended: 200,
} as const;

/** Status codes of SFTP version 3. */
export const statusCode = { ok: 0, endOfFile: 1, noSuchFile: 2, permissionDenied: 3, failure: 4 } as const;

export const openFlag = { read: 0x01, write: 0x02, append: 0x04, create: 0x08, exclusive: 0x20 } as const;

const attributeFlag = {
  size: 0x01,
  owner: 0x02,
  permissions: 0x04,
  times: 0x08,
  extended: 0x8000_0000,
} as const;
const fileTypeMask = 0o170_000;
const fileTypes: ReadonlyMap<number, FileAttributes['type']> = new Map([
  [0o100_000, 'file'],
  [0o040_000, 'directory'],
  [0o120_000, 'symlink'],
]);

interface Settable {
  readonly size?: number | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  readonly mode?: number | undefined;
}

/** Builds a packet's payload field by field. */
export class PacketWriter {
  readonly #parts: Buffer[] = [];

  uint32(value: number): this {
    const part = Buffer.alloc(4);
    part.writeUInt32BE(value);
    this.#parts.push(part);
    return this;
  }

  uint64(value: number): this {
    const part = Buffer.alloc(8);
    part.writeBigUInt64BE(BigInt(value));
    this.#parts.push(part);
    return this;
  }

  bytes(value: Uint8Array | string): this {
    const part =
      typeof value === 'string'
        ? Buffer.from(value)
        : Buffer.from(value.buffer, value.byteOffset, value.length);
    this.uint32(part.length);
    this.#parts.push(part);
    return this;
  }

  /** Size, owner and permissions, as far as they are given; owner and group only together. */
  attributes({ size, uid, gid, mode }: Settable): this {
    const owned = uid !== undefined && gid !== undefined;
    this.uint32(
      (size === undefined ? 0 : attributeFlag.size) |
        (owned ? attributeFlag.owner : 0) |
        (mode === undefined ? 0 : attributeFlag.permissions),
    );
    if (size !== undefined) this.uint64(size);
    if (owned) this.uint32(uid).uint32(gid);
    return mode === undefined ? this : this.uint32(mode);
  }

  toBuffer(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

/** A file's attributes with its size in bytes. */
export interface SftpAttributes extends FileAttributes {
  readonly size: number;
  /** When its content last changed, in seconds since the epoch. */
  readonly mtime: number;
}

/** Whether two looks are most likely at one file, of which SFTP tells no inode. */
export function isSame(one: SftpAttributes, other: SftpAttributes): boolean {
  return (['type', 'uid', 'gid', 'mode', 'size', 'mtime'] as const).every((key) => one[key] === other[key]);
}

/** Reads a packet's payload field by field. */
export class PacketReader {
  readonly #payload: Buffer;
  #at = 0;

  constructor(payload: Buffer) {
    this.#payload = payload;
  }

  uint32(): number {
    return this.#take(4).readUInt32BE();
  }

  uint64(): number {
    return Number(this.#take(8).readBigUInt64BE());
  }

  bytes(): Buffer {
    return this.#take(this.uint32());
  }

  #take(length: number): Buffer {
    const value = this.#payload.subarray(this.#at, this.#at + length);
    if (value.length < length)
      throw new IncusError('PROTOCOL_ERROR', 'an SFTP answer is shorter than it says');
    this.#at += length;
    return value;
  }

  text(): string {
    return this.bytes().toString();
  }

  attributes(): SftpAttributes {
    const flags = this.uint32();
    const has = (flag: number) => (flags & flag) !== 0;
    const size = has(attributeFlag.size) ? this.uint64() : 0;
    const uid = has(attributeFlag.owner) ? this.uint32() : 0;
    const gid = has(attributeFlag.owner) ? this.uint32() : 0;
    const permissions = has(attributeFlag.permissions) ? this.uint32() : 0;
    const mtime = has(attributeFlag.times) ? this.#times() : 0;
    if (has(attributeFlag.extended)) for (let count = this.uint32() * 2; count > 0; count -= 1) this.bytes();
    return {
      size,
      uid,
      gid,
      mode: permissions & 0o7777,
      mtime,
      type: fileTypes.get(permissions & fileTypeMask) ?? 'other',
    };
  }

  #times(): number {
    this.uint32();
    return this.uint32();
  }
}
