import { describe, expect, it } from 'vitest';

import { parseFreed } from '../../src/history/collect-garbage.ts';
import { parseGenerations } from '../../src/history/generations.ts';

describe('parseGenerations', () => {
  it('sorts by number and marks what is active, runs and booted', () => {
    const text = `active system-2-link
current /nix/store/b
booted /nix/store/a
generation system-10-link 1700000200 /nix/store/c 24.11 (Vicuna)
generation system-2-link 1700000100 /nix/store/b 24.11
generation system-1-link 1700000000 /nix/store/a 
`;
    expect(
      parseGenerations(text).map(({ number, active, current, booted }) => [number, active, current, booted]),
    ).toEqual([
      [1, false, false, true],
      [2, true, true, false],
      [10, false, false, false],
    ]);
    expect(parseGenerations(text).at(-1)?.nixosVersion).toBe('24.11 (Vicuna)');
  });

  it('of a profile that does not exist is empty', () => {
    expect(parseGenerations('active \ncurrent \nbooted \n')).toEqual([]);
  });
});

describe('parseFreed', () => {
  it('reads what nix-store says', () => {
    expect(parseFreed('3 store paths deleted, 1.50 MiB freed')).toBe(1.5 * 1024 * 1024);
    expect(parseFreed('nothing')).toBeUndefined();
  });
});
