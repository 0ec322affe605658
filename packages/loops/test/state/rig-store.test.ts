import { rm, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { RigStore } from '../../src/state/rig-store.ts';
import { readState } from '../../src/state/state-store.ts';
import { makeRig } from '../rig.ts';

it('is written again after a write that failed, once nothing is in the way any more', async () => {
  await using rig = await makeRig({ loops: { one: { command: ['true'] } } });
  const { stateDir } = rig.config;
  const { store } = await RigStore.open(rig.config);
  await rm(stateDir, { recursive: true });
  await writeFile(stateDir, 'a file');
  await expect(store.save()).rejects.toMatchObject({ code: 'ENOTDIR' });
  await rm(stateDir);
  store.change('one', { restarts: 3 });
  await store.save();
  expect((await readState(stateDir))?.loops['one']?.restarts).toBe(3);
});
