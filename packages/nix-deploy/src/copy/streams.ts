import type { Readable, Writable } from 'node:stream';

/** Passes everything on, no faster than it is taken, and then the end; a taker that is gone is no error here. */
export async function pump(
  from: Readable,
  to: Writable,
  onChunk?: (chunk: Uint8Array) => void,
): Promise<void> {
  for await (const chunk of from as AsyncIterable<Uint8Array>) {
    onChunk?.(chunk);
    if (!to.write(chunk)) await drained(to);
    if (to.destroyed) break;
  }
  to.end();
}

/** All lines of a stream, also of one that fails. */
export async function lastLines(readable: AsyncIterable<Uint8Array>): Promise<string[]> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of readable) chunks.push(chunk);
  } catch (error) {
    chunks.push(Buffer.from(String(error)));
  }
  // A character may come in two chunks.
  return Buffer.concat(chunks).toString().trim().split('\n');
}

async function drained(stream: Writable): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      stream.off('drain', done);
      stream.off('close', done);
      stream.off('error', done);
      resolve();
    };
    stream.on('drain', done);
    stream.on('close', done);
    stream.on('error', done);
  });
}
