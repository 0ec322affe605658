import { Readable } from 'node:stream';

import { expect, it } from 'vitest';

import { lastLines } from '../../src/copy/streams.ts';

it('reads a character that comes in two chunks as one', async () => {
  const text = Buffer.from('error: größer\nals erlaubt\n');
  const at = text.indexOf('ö') + 1;
  const stream = Readable.from([text.subarray(0, at), text.subarray(at)]);
  expect(await lastLines(stream)).toEqual(['error: größer', 'als erlaubt']);
});
