import type { Readable } from 'node:stream';

/**
 * Reads a stream to its end into one buffer, which grows by doubling: chunk by chunk, all of it would be there twice when
 * they are joined.
 *
 * @param take is told the length of each chunk before it is kept; what it throws ends the reading.
 * @param expected how many bytes will come, if that is known: then the buffer does not grow.
 */
export async function collect(
  stream: Readable,
  take: (bytes: number) => void,
  expected = 0,
): Promise<Buffer> {
  let buffer = Buffer.allocUnsafeSlow(expected);
  let length = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    take(chunk.length);
    const needed = length + chunk.length;
    if (needed > buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(4_096, needed, 2 * buffer.length));
      buffer.copy(larger, 0, 0, length);
      buffer = larger;
    }
    chunk.copy(buffer, length);
    length = needed;
  }
  const content = buffer.subarray(0, length);
  // What is small is copied rather than kept with the rest of its buffer.
  return length < mebibyte && length < buffer.length ? Buffer.from(content) : content;
}

const mebibyte = 1024 * 1024;
