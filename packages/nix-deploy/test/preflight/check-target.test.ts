import { describe, expect, it } from 'vitest';

import { checkTarget, type Requirements, nixVersion } from '../../src/preflight/check-target.ts';
import type { TargetFacts } from '../../src/target/facts.ts';
import { targetPaths } from '../../src/target/paths.ts';

const well: TargetFacts = {
  hostName: 'box',
  machineId: 'a'.repeat(32),
  nixVersion: 'nix (Nix) 2.26.3',
  uid: 0,
  root: true,
  sudo: true,
  systemd: true,
  systemdRun: true,
  storeFree: 1e10,
  storeInodesFree: 1e6,
  nixProblem: undefined,
  stateFree: 1e9,
  bootFree: 1e9,
  writable: { store: true, state: true, profiles: true },
  lockHolder: undefined,
  switchLockHolder: undefined,
  generation: 1,
  profileSystem: undefined,
  currentSystem: undefined,
  bootedSystem: undefined,
  bootedParts: [],
};
const requirements: Requirements = {
  machineId: 'a'.repeat(32),
  hostName: 'box',
  action: 'switch',
  storeFree: 1e8,
  bootFree: 1e7,
  sudo: false,
};
const found = (facts: Partial<TargetFacts>, asked: Partial<Requirements> = {}): string[] =>
  checkTarget({ ...well, ...facts }, { ...requirements, ...asked }, targetPaths()).map(({ check }) => check);

describe('checkTarget', () => {
  it('has nothing against a machine that is well', () => {
    expect(found({})).toEqual([]);
  });

  it('says everything at once', () => {
    expect(found({ machineId: 'b'.repeat(32), storeFree: 1, bootFree: 1, lockHolder: 'eve' })).toEqual([
      'wrong-machine',
      'store-full',
      'boot-full',
      'locked',
    ]);
  });

  it.each([
    [{ root: false, uid: 1000 }, 'not-root'],
    [{ nixVersion: undefined }, 'no-nix'],
    [{ nixVersion: 'nix (Nix) 2.7.0' }, 'old-nix'],
    [{ systemd: false }, 'no-systemd'],
    [{ systemdRun: false }, 'no-systemd-run'],
    [{ nixVersion: undefined, nixProblem: 'error: syntax error' }, 'no-nix'],
    [{ stateFree: 1000 }, 'state-full'],
    [{ writable: { store: false, state: true, profiles: true } }, 'read-only'],
    [{ storeInodesFree: 10 }, 'store-inodes'],
    [{ hostName: 'other' }, 'wrong-host-name'],
  ])('finds %j', (facts, check) => {
    expect(found(facts)).toEqual([check]);
  });

  it('tells a sudo that refuses from one that is not there', () => {
    expect(found({ root: false }, { sudo: true })).toEqual(['not-root']);
    expect(found({ root: false, sudo: false }, { sudo: true })).toEqual(['no-sudo']);
    expect(found({ root: false, sudo: false })).toEqual(['not-root']);
    expect(found({ sudo: false }, { sudo: true })).toEqual([]);
  });

  it('lets what only boots do without systemd, and a test without room in /boot', () => {
    expect(found({ systemd: false }, { action: 'boot' })).toEqual([]);
    expect(found({ bootFree: 1 }, { action: 'test' })).toEqual([]);
  });
});

describe('nixVersion', () => {
  it('reads Nix and Lix', () => {
    expect(nixVersion('nix (Nix) 2.34.1')).toEqual([2, 34]);
    expect(nixVersion('nix (Lix, like Nix) 2.91.1')).toEqual([2, 91]);
    expect(nixVersion(undefined)).toBeUndefined();
  });
});
