import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { lockRig } from '../../../src/state/rig-lock.ts';
import { makeRig } from '../../rig.ts';

it('a supervisor that cannot begin says why, and leaves the rig to the next one', async () => {
  await using rig = await makeRig({ loops: { one: { command: ['sleep', '1000'] } } });
  for (const name of ['cat', 'flock', 'sh']) await symlink(`/usr/bin/${name}`, join(rig.directory, name));
  vi.stubEnv('PATH', rig.directory);
  const start = rig.supervise().finally(() => vi.unstubAllEnvs());
  await expect(start).rejects.toMatchObject({
    code: 'PROGRAM_MISSING',
    message: expect.stringContaining('tmux is not in the PATH'),
  });
  await using lock = await lockRig(rig.config.stateDir, 'supervisor');
  expect(lock.isInPlace()).toBe(true);
});
