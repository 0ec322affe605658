import { describe, expect, it } from 'vitest';

import { checkSpace } from '../../src/preflight/check-space.ts';
import { targetPaths } from '../../src/target/paths.ts';

const mebibyte = 1024 * 1024;
const found = (additions: { store?: number; boot?: number }): string[] =>
  checkSpace({ storeFree: 10 * mebibyte, bootFree: mebibyte }, additions, targetPaths()).map(
    ({ message }) => message,
  );

describe('checkSpace', () => {
  it('holds the room against what is missing, in the store and in /boot', () => {
    expect(found({ store: 10 * mebibyte, boot: mebibyte })).toEqual([]);
    expect(found({ store: 11 * mebibyte, boot: 2 * mebibyte })).toEqual([
      'the store is full: 10 MiB are free and what is missing there takes 11 MiB',
      '/boot is full: 1 MiB are free and the new kernel and initrd take 2 MiB',
    ]);
  });
});
