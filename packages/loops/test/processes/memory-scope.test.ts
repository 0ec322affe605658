import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { statusText } from '../../src/commands/view.ts';
import { openScopes, type ScopeManager } from '../../src/processes/memory-scope.ts';
import { makeRig, untilRunning } from '../rig.ts';

it('looks again for a manager as long as there was none, and no longer', async () => {
  const managers: ScopeManager[] = ['none', 'none', 'user', 'none'];
  let looks = 0;
  const scopes = await openScopes(async () => managers[looks++] ?? 'none');
  expect(scopes.manager).toBe('none');
  expect(await scopes.find()).toBe('none');
  expect(await scopes.find()).toBe('user');
  expect(await scopes.find()).toBe('user');
  expect([scopes.manager, looks]).toEqual(['user', 3]);
});

it('says in the status which loops run without their limits, and what to do', async () => {
  await using rig = await makeRig({
    loops: {
      one: { command: ['sleep', '1000'], limits: { memoryMax: '1GiB' } },
      two: { command: ['sleep', '1000'] },
    },
  });
  const supervisor = await rig.supervise();
  await untilRunning(supervisor);
  const status = supervisor.status();
  const off = existsSync('/run/systemd/system') ? undefined : true;
  expect(status.loops.map(({ unlimited }) => unlimited)).toEqual([off, undefined]);
  expect(
    statusText({ ...status, loops: status.loops.map((loop) => ({ ...loop, unlimited: true })) }),
  ).toMatch(/^one, two without limits: .*`loginctl enable-linger` .*`loops restart one two`$/m);
});
