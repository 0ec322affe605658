import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDuration, parseDuration } from '../src/duration.ts';
import { formatSize, parseSize } from '../src/size.ts';

test.each([
  ['500ms', 500],
  ['60s', 60_000],
  ['1.5m', 90_000],
  ['24h', 86_400_000],
  ['7d', 604_800_000],
  ['60', undefined],
  ['1 s', undefined],
  ['-1s', undefined],
  ['1w', undefined],
  ['', undefined],
])('the duration %s is %s ms', (text, expected) => {
  expect(parseDuration(text)).toBe(expected);
});

test.each([
  ['512MiB', 2 ** 29],
  ['1.5GiB', 1.5 * 2 ** 30],
  ['17B', 17],
  ['2G', undefined],
  ['2 GiB', undefined],
  ['2gib', undefined],
])('the size %s is %s bytes', (text, expected) => {
  expect(parseSize(text)).toBe(expected);
});

test.each([
  [0, '0.0s'],
  [9_940, '9.9s'],
  [48_000, '48s'],
  [130_000, '2m10s'],
  [3_720_000, '1h02m'],
  [3 * 86_400_000 + 4 * 3_600_000, '3d04h'],
])('%s ms are said as %s', (milliseconds, text) => {
  expect(formatDuration(milliseconds)).toBe(text);
});

test('a size is said in the largest unit of which there is at least one', () => {
  expect([0, 512, 1536, 2 ** 30, 200 * 2 ** 30].map(formatSize)).toEqual([
    '0 B',
    '512 B',
    '1.5 KiB',
    '1 GiB',
    '200 GiB',
  ]);
  fc.assert(fc.property(fc.nat(), (bytes) => /^\d+(\.\d)? (B|[KMGT]iB)$/.test(formatSize(bytes))));
});
