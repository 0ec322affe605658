import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { statePath } from '../../../src/state/state-store.ts';
import { makeRig, untilRunning } from '../../rig.ts';

it('a supervisor that has ended leaves the state to the next one, also where it is ended again', async () => {
  await using rig = await makeRig({ loops: { one: { command: ['sleep', '1000'] } } });
  const first = await rig.supervise();
  await untilRunning(first);
  await first[Symbol.asyncDispose]();
  const second = await rig.supervise();
  await untilRunning(second);
  const before = await readFile(statePath(rig.config.stateDir), 'utf8');
  await first[Symbol.asyncDispose]();
  expect(await readFile(statePath(rig.config.stateDir), 'utf8')).toBe(before);
});
