import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { forgetRevokedNewKeys, noteRevokedNewKeys, revokedNewKeys } from '../../src/new-host/revoked-keys.ts';

test('a way back that is tried again adds to the keys that it revoked, and forgets none', async () => {
  const root = await mkdtemp(join(tmpdir(), 'cutover-keys-'));
  onTestFinished(() => rm(root, { recursive: true }));
  const world = { workDirectory: join(root, 'work') };
  await noteRevokedNewKeys(world, []);
  expect(await readdir(root)).toEqual([]);
  await noteRevokedNewKeys(world, ['SHA256:a']);
  // The forge has revoked it, and lists it no longer.
  await noteRevokedNewKeys(world, []);
  await noteRevokedNewKeys(world, ['SHA256:b', 'SHA256:a']);
  expect(await revokedNewKeys(world)).toEqual(['SHA256:a', 'SHA256:b']);
  await forgetRevokedNewKeys(world);
  expect(await revokedNewKeys(world)).toEqual([]);
});
