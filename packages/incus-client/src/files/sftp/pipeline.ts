import { FileError } from '../../errors.ts';
import { abortable } from '../../transport/abortable.ts';
import { type Answer, type SftpConnection, isEndOfFile } from './connection.ts';
import { PacketReader, PacketWriter, packetType } from './packets.ts';

/** Chunks as they come; text is written as UTF-8. */
export type Chunks = Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>;

/** What the daemon's SFTP server (pkg/sftp) gives in one answer. */
const readSize = 32 * 1024;
/** The same server takes packets of 256 KiB, their heads included. */
const writeSize = 248 * 1024;
const readsAhead = 96;
const writesAhead = 16;

/** Reads a file in order with many reads under way. The server may answer with less than was asked for. */
export async function* readPieces(
  connection: SftpConnection,
  handle: Buffer,
  path: string,
  offset: number,
): AsyncGenerator<Buffer, void, void> {
  const ask = (at: number, length: number) =>
    connection.request(packetType.read, new PacketWriter().bytes(handle).uint64(at).uint32(length));
  const ahead: { readonly at: number; readonly answer: Promise<Answer> }[] = [];
  let next = offset;
  try {
    for (;;) {
      while (ahead.length < readsAhead) {
        const answer = ask(next, readSize);
        // It is awaited in its turn; until then its failure must not count as unhandled.
        answer.catch(() => {});
        ahead.push({ at: next, answer });
        next += readSize;
      }
      const head = ahead.shift();
      if (head === undefined) return;
      let answer = await head.answer;
      for (let got = 0; ;) {
        if (isEndOfFile(answer)) return;
        if (answer.type !== packetType.data) throw connection.unexpected(answer, path);
        const piece = new PacketReader(answer.payload).bytes();
        if (piece.length === 0) throw new FileError('PROTOCOL_ERROR', path, 'an SFTP answer has no bytes');
        yield piece;
        got += piece.length;
        if (got >= readSize) break;
        answer = await ask(head.at + got, readSize - got);
      }
    }
  } finally {
    await Promise.allSettled(ahead.map(({ answer }) => answer));
  }
}

/** Writes what `content` yields, with several writes under way; a chunk is held only until it has been answered. */
export async function writePieces(
  connection: SftpConnection,
  handle: Buffer,
  path: string,
  content: Chunks,
  offset: number,
): Promise<number> {
  let at = offset;
  let failure: { readonly error: unknown } | undefined;
  const underWay = new Set<Promise<void>>();
  const write = (piece: Uint8Array) => {
    const head = new PacketWriter().bytes(handle).uint64(at).uint32(piece.length);
    const done = connection
      .command(packetType.write, head, path, piece)
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => underWay.delete(done));
    underWay.add(done);
    at += piece.length;
  };
  try {
    for await (const chunk of untilLost(content, path, connection.lost)) {
      for (let from = 0; from < chunk.length; from += writeSize) {
        while (underWay.size >= writesAhead) await Promise.race(underWay);
        if (failure !== undefined) throw failure.error;
        write(chunk.subarray(from, from + writeSize));
      }
    }
  } finally {
    await Promise.all(underWay);
  }
  if (failure !== undefined) throw failure.error;
  return at - offset;
}

/**
 * The chunks, until the connection has ended: its loss, or the abort that ended it, must not wait for a source that has
 * nothing to give. What the source holds is let go of when it next has.
 */
async function* untilLost(
  content: Chunks,
  path: string,
  lost: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  const source =
    Symbol.asyncIterator in content ? content[Symbol.asyncIterator]() : content[Symbol.iterator]();
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await abortable(Promise.resolve(source.next()), lost);
      ended = done === true;
      if (ended) return;
      const chunk: unknown = typeof value === 'string' ? Buffer.from(value) : value;
      if (!(chunk instanceof Uint8Array))
        throw new FileError('BAD_REQUEST', path, 'is to be written from bytes or text, and got neither');
      yield chunk;
    }
  } finally {
    // A source that waits answers this only when it has waited: that is not waited for.
    if (!ended) void Promise.resolve(source.return?.()).catch(() => {});
  }
}
