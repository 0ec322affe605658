import { homedir } from 'node:os';

import { describe, expect, it } from 'vitest';

import { absoluteFlake, isLocalFlake } from '../../src/config/local-flake.ts';

describe('a flake of this machine', () => {
  it.each([
    ['.', '/srv'],
    ['./machines#web', '/srv/machines#web'],
    ['../x?dir=y', '/x?dir=y'],
    ['path:.', 'path:/srv'],
    ['path:./machines?dir=a#web', 'path:/srv/machines?dir=a#web'],
    ['~/machines', `${homedir()}/machines`],
  ])('is %s, whose absolute path is %s', (flake, absolute) => {
    expect(isLocalFlake(flake)).toBe(true);
    expect(absoluteFlake(flake, '/srv')).toBe(absolute);
  });

  it.each(['/srv/machines', 'path:/srv', 'git+ssh://forge/x.git', 'nixpkgs', '.hidden'])(
    'is not %s',
    (flake) => {
      expect(isLocalFlake(flake)).toBe(false);
      expect(absoluteFlake(flake, '/srv')).toBe(flake);
    },
  );
});
