import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { covered } from '../../src/progress/spans.ts';

test('time that spans share counts once', () => {
  expect(covered([])).toBe(0);
  expect(
    covered([
      { from: 0, to: 10 },
      { from: 5, to: 20 },
      { from: 30, to: 31 },
      { from: 6, to: 7 },
    ]),
  ).toBe(21);
  const span = fc.tuple(fc.nat(50), fc.nat(20)).map(([from, length]) => ({ from, to: from + length }));
  fc.assert(
    fc.property(fc.array(span), (spans) => {
      const ticks = new Set(
        spans.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i)),
      );
      expect(covered(spans)).toBe(ticks.size);
    }),
  );
});
