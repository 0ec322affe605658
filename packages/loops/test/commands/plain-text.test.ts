import { stripVTControlCharacters } from 'node:util';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { createPlainText } from '../../src/commands/plain-text.ts';

const parts = [
  'a',
  'ü',
  '→',
  '🦊',
  '\n',
  '\u001B[31m',
  '\u001B[0m',
  '\u001B[38;5;12m',
  '\u001B]0;a title\u0007',
];

it('is the same in whatever pieces the bytes come', () => {
  const pieces = fc.tuple(fc.array(fc.constantFrom(...parts)), fc.array(fc.nat(40)));
  fc.assert(
    fc.property(pieces, ([words, sizes]) => {
      // As the end of what a terminal was sent: no sequence is left open.
      const bytes = Buffer.from(`${words.join('')}.`);
      const plain = createPlainText();
      let shown = '';
      let at = 0;
      for (const size of [...sizes, bytes.length]) {
        shown += plain(bytes.subarray(at, at + size));
        at += size;
      }
      expect(shown).toBe(stripVTControlCharacters(bytes.toString()));
    }),
  );
});

it('begins with a whole character', () => {
  expect(createPlainText()(Buffer.from('🦊 end').subarray(2))).toBe(' end');
});

it('holds nothing back for ever', () => {
  const plain = createPlainText();
  const open = `\u001B]${'x'.repeat(5000)}`;
  expect(plain(Buffer.from(open))).toContain('xxx');
});
