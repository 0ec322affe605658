import { describe, expect, it } from 'vitest';

import { parsePathInfo } from '../../src/nix/path-info.ts';

const a = '/nix/store/00000000000000000000000000000000-a';
const b = '/nix/store/00000000000000000000000000000001-b';

describe('parsePathInfo', () => {
  it.each([
    [
      'the list of Nix up to 2.18 and of Lix',
      [
        { path: a, narSize: 5, valid: true },
        { path: b, valid: false },
      ],
    ],
    ['the map of Nix from 2.19 on', { [a]: { narSize: 5 }, [b]: null }],
    [
      'the nested map of Nix from 2.33 on',
      { version: 2, storeDir: '/nix/store', info: { [a.slice(11)]: { narSize: 5 }, [b.slice(11)]: null } },
    ],
  ])('reads %s, and leaves out what is not there', (_shape, json) => {
    expect(parsePathInfo(JSON.stringify(json))).toEqual([{ path: a, narSize: 5 }]);
  });

  it('refuses what is none of them', () => {
    expect(() => parsePathInfo('{"paths":[]}')).toThrow(/narSize|invalid/i);
  });
});
