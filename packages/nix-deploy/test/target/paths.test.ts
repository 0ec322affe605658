import { describe, expect, it } from 'vitest';

import { targetPaths } from '../../src/target/paths.ts';

describe('the profile of a deploy', () => {
  it.each([
    ['system', '/nix/var/nix/profiles/system'],
    ['web-2', '/nix/var/nix/profiles/system-profiles/web-2'],
    ['/srv/profiles/web', '/srv/profiles/web'],
  ])('%s is %s', (name, path) => {
    expect(targetPaths(name).profile).toBe(path);
  });

  it.each(['', '.', '../web', 'nested/web', 'a b', '-x'])('%j is none', (name) => {
    expect(() => targetPaths(name)).toThrow(/neither the name of a profile nor an absolute path/);
  });
});
