import { expect, test } from 'vitest';
import { compileGoRegex } from '../../src/sops/go-regex.ts';

test.each([
  ['a.b', 'a\rb', true],
  ['a.b', 'a\u2028b', true],
  ['a.b', 'a\nb', false],
  ['(?s)a.b', 'a\nb', true],
  ['a[.]b', 'a\rb', false],
  ['^b$', 'a\nb', false],
  ['(?m)^b$', 'a\nb\nc', true],
  ['(?m)^b$', 'a\rb\rc', false],
  ['(?im)^B$', 'a\nb', true],
])('%j on %j is %s, as RE2 knows one line end only', (pattern, text, matches) => {
  expect(compileGoRegex(pattern)(text)).toBe(matches);
});
