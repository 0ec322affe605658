import { mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { localHost } from '@cutover/host';
import { expect, it, onTestFinished } from 'vitest';

import { isActive } from '../../src/target/is-active.ts';
import { targetPaths } from '../../src/target/paths.ts';

it('asks once more whether a system runs: another program may have switched since the facts were read', async () => {
  await using host = localHost();
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'is-active-')));
  onTestFinished(async () => await rm(folder, { recursive: true }));
  const [system, other] = [join(folder, 'one'), join(folder, 'two')];
  const [current, profile] = [join(folder, 'current'), join(folder, 'profile')];
  for (const each of [system, other]) await mkdir(each);
  await symlink(system, current);
  await symlink(system, profile);
  const facts = { currentSystem: system, profileSystem: system };
  const settings = {
    action: 'switch',
    specialisation: undefined,
    signal: undefined,
    targetPaths: targetPaths(profile, { current }),
  } as const;
  expect(await isActive(host, facts, system, settings)).toBe(true);

  await rm(current);
  await symlink(other, current);
  expect(await isActive(host, facts, system, settings)).toBe(false);
  expect(await isActive(host, facts, system, { ...settings, action: 'boot' })).toBe(true);
});
