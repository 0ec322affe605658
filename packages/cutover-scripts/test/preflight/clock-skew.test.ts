import { expect, test } from 'vitest';
import { clockSkew } from '../../src/preflight/old-host.ts';

test('a clock is wrong only by what the way to it cannot explain', () => {
  expect(clockSkew(100, 99_900, 100_100)).toBe(0);
  expect(clockSkew(100, 95_000, 105_000)).toBe(0);
  expect(clockSkew(160, 99_900, 100_100)).toBe(60);
  expect(clockSkew(40, 99_900, 100_100)).toBe(-59);
});
