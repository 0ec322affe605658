import { createReadStream } from 'node:fs';
import { isErrno } from '@cutover/foundation/errno';
import { JournalDamagedError, JournalNewerError } from './errors.ts';
import type { JournalEntry } from './entry.ts';
import { isKnownType } from './event-types.ts';
import { decodeLine, firstHash } from './line.ts';

/** Where the whole lines of a journal end, and the hash that the next line must follow. */
export interface JournalEnd {
  readonly seq: number;
  readonly hash: string;
  /** Bytes up to and including the last whole line. */
  readonly size: number;
  /** Bytes after it: a line that a crash cut off before it was acknowledged. */
  readonly torn: number;
}

const newline = 0x0a;

/**
 * Reads a journal from its beginning, one pass, holding one line at a time. A last line without its newline is
 * left out: it was never acknowledged. A journal that does not exist is an empty one.
 *
 * @throws {JournalDamagedError} a whole line is not what was written.
 * @throws {JournalNewerError} a whole line tells of something that this version does not know.
 */
export async function readJournal(path: string, visit: (entry: JournalEntry) => void): Promise<JournalEnd> {
  let seq = 0;
  let hash = firstHash;
  let size = 0;
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of bytesOf(path)) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(newline); end !== -1; end = bytes.indexOf(newline, start)) {
      const entry = decodeLine(bytes.subarray(start, end), seq + 1, hash);
      if (typeof entry === 'string') throw new JournalDamagedError(path, seq + 1, `this line ${entry}`);
      if (!isKnownType(entry.type)) throw new JournalNewerError(path, entry.seq, entry.type);
      visit(entry);
      seq = entry.seq;
      hash = entry.hash;
      size += end + 1 - start;
      start = end + 1;
    }
    rest = bytes.subarray(start);
  }
  return { seq, hash, size, torn: rest.length };
}

async function* bytesOf(path: string): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(path, { highWaterMark: 1 << 20 });
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return;
    throw error;
  }
}
