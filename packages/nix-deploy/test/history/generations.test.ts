import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { localHost } from '@cutover/host';
import { expect, it, onTestFinished } from 'vitest';

import { generations } from '../../src/history/generations.ts';

it('a profile has its own generations only, also where the name of another one begins like it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'profiles-'));
  onTestFinished(async () => await rm(folder, { recursive: true }));
  for (const name of ['web-1', 'web-9', 'web-2-1', 'web-old-7']) {
    await mkdir(join(folder, name));
    await symlink(join(folder, name), join(folder, `${name}-link`));
  }
  await symlink('web-9-link', join(folder, 'web'));
  await using here = localHost();
  const listed = await generations(here, { profile: join(folder, 'web') });
  expect(listed.map(({ number, system, active }) => [number, system, active])).toEqual([
    [1, join(folder, 'web-1'), false],
    [9, join(folder, 'web-9'), true],
  ]);
  const others = await generations(here, { profile: join(folder, 'web-2') });
  expect(others.map(({ number }) => number)).toEqual([1]);
});
