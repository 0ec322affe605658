import { PassThrough } from 'node:stream';

import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { findMark, inTwo, type ProcessGroup } from '../../src/ssh/mark.ts';

const mark = 'cutover-0123456789abcdef';
const stat = ['S', ...Array.from({ length: 49 }, (_, index) => index + 4)].join(' ');

it('finds the mark however it is cut in pieces, and passes on what follows, to the byte', () => {
  const printed = Buffer.from(
    `Welcome\n${inTwo(mark)} 7 S\nno newline${mark} 42 ${stat}\n\0\xff\n${mark} 1 S\n`,
    'latin1',
  );
  const own = printed.subarray(printed.indexOf('\0'));
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 })), (lengths) => {
      const groups: ProcessGroup[] = [];
      const finder = findMark(new PassThrough(), mark, (group) => groups.push(group));
      const passed: Buffer[] = [];
      let at = 0;
      for (const length of [...lengths, printed.length]) {
        passed.push(Buffer.from(finder.filter(printed.subarray(at, at + length))));
        at += length;
      }
      expect(Buffer.concat(passed)).toEqual(own);
      expect(groups).toEqual([{ id: 42, startTime: '22' }]);
    }),
  );
});

it('keeps little of what a login shell prints without an end', () => {
  const finder = findMark(new PassThrough(), mark, () => undefined);
  for (let left = 1_000; left > 0; left -= 1) finder.filter(Buffer.alloc(32_768, 'y\n'));
  expect(finder.before.length).toBeLessThan(100_000);
  expect(finder.filter(Buffer.from(`${mark} 42 ${stat}\nown`)).toString()).toBe('own');
});

it('does not wait for a mark that no longer can come', async () => {
  const source = new PassThrough();
  const finder = findMark(source, mark, () => undefined);
  source.resume().end();
  await finder.begun;
  expect(finder.passed).toBe(false);
});
