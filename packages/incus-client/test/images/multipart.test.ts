import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { multipart } from '../../src/images/multipart.ts';
import { uploadBody } from '../../src/images/upload.ts';

async function* cut(whole: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  for (let at = 0, turn = 0; at < whole.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield whole.subarray(at, at + size);
    at += size;
  }
}

/** Content that is full of what delimiters are made of. */
const content = fc
  .array(fc.oneof(fc.constantFrom('\r\n', '--', '\r\n--', '\r', '-', '\n'), fc.string({ maxLength: 20 })), {
    maxLength: 20,
  })
  .map((parts) => Buffer.from(parts.join('')));

test('what is uploaded as a split image is read back as it was, whatever the cuts', async () => {
  await fc.assert(
    fc.asyncProperty(
      content,
      content,
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 }),
      async (metadata, rootfs, sizes) => {
        const { body, headers } = await uploadBody({ metadata, rootfs });
        const chunks: Buffer[] = [];
        for await (const chunk of body) chunks.push(Buffer.from(chunk));
        const whole = Buffer.concat(chunks);
        expect(String(whole.length)).toBe(headers['content-length']);
        const boundary = headers['content-type']?.split('boundary=')[1] ?? '';
        const seen: Record<string, string> = {};
        for await (const part of multipart(cut(whole, sizes), boundary)) {
          const name = /name="(\w+)"/.exec(part.headers['content-disposition'] ?? '')?.[1] ?? '';
          const pieces: Buffer[] = [];
          for await (const piece of part.content) pieces.push(Buffer.from(piece));
          seen[name] = Buffer.concat(pieces).toString('hex');
        }
        expect(seen).toEqual({ metadata: metadata.toString('hex'), rootfs: rootfs.toString('hex') });
      },
    ),
    { numRuns: 60 },
  );
});

test('a body that ends within a part is an error', async () => {
  const read = async () => {
    for await (const part of multipart(cut(Buffer.from('--x\r\nA: b\r\n\r\nhalf'), [7]), 'x'))
      for await (const _piece of part.content);
  };
  await expect(read()).rejects.toMatchObject({
    code: 'PROTOCOL_ERROR',
    message: expect.stringContaining('ended within'),
  });
});
