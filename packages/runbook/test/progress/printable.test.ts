import { expect, test } from 'vitest';
import { factText } from '../../src/progress/format.ts';
import { printable } from '../../src/progress/printable.ts';

test('colours go, and what could move the cursor or hide text is written out', () => {
  expect(printable('\u001B[31merror:\u001B[0m no\r\nnext')).toBe('error: no\nnext');
  expect(printable('safe\u001B[2K\u001B[1Aapproved')).toBe('safeapproved');
  expect(printable('done\rfailed \u0007\u202Etxt')).toBe(String.raw`done\x0dfailed \x07\u202etxt`);
  expect(printable('a\tb\nс ё 漢')).toBe('a\tb\nс ё 漢');
});

test('a fact is one line: it cannot look like another', () => {
  expect(factText('clean\nowner: vm')).toBe(String.raw`"clean\nowner: vm"`);
  expect(factText('main')).toBe('main');
  expect(factText(['\u001B[2J'])).toBe(String.raw`["\u001b[2J"]`);
});
