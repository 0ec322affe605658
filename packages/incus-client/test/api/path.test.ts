import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { filter } from '../../src/api/filter.ts';
import { path, withQuery } from '../../src/api/path.ts';

test('a name stays one segment of the path, whatever it holds', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (name) => {
      const { pathname } = new URL(`http://x${path`/1.0/instances/${name}/state`}`);
      const segments = pathname.split('/');
      // A URL parser removes the segments . and .. even when they are encoded by other means; the daemon has no such names.
      fc.pre(name !== '.' && name !== '..');
      expect(segments.length).toBe(5);
      expect(decodeURIComponent(segments[3] ?? '')).toBe(name);
    }),
  );
});

test('query values come back as they were, and undefined is left out', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (value) => {
      const { searchParams } = new URL(`http://x${withQuery('/1.0', { a: value, b: undefined, c: 1 })}`);
      expect([...searchParams]).toEqual([
        ['a', value],
        ['c', '1'],
      ]);
    }),
  );
});

test('a query is added to one that is there', () => {
  expect(withQuery('/1.0?recursion=1', { project: 'a b' })).toBe('/1.0?recursion=1&project=a%20b');
});

test('a value in a filter is one word, with nothing in it that means anything to the daemon', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (value) => {
      const [name, operator, word, ...rest] = filter`name eq ${value}`.text.split(/\s/);
      expect([name, operator, rest]).toEqual(['name', 'eq', []]);
      expect(word).toMatch(/^(\(\)|([\w/:@-]|\\x\{[0-9a-f]+\})+)$/);
    }),
  );
  expect(filter`name eq ${'c1'} and size gt ${5}`.text).toBe('name eq c1 and size gt 5');
});
