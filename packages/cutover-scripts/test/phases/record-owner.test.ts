import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { reviveByHand } from '../../src/ownership/revive-ownership.ts';
import { provisionSteps } from '../../src/phases/a-provision.ts';
import { grantNew } from '../../src/phases/d-cut-over/move-over.ts';
import type { World } from '../../src/world/world.ts';
import { stepContext } from '../fixture/step-context.ts';
import { startTwoHosts, type TwoHosts } from '../fixture/two-hosts.ts';

const signal = AbortSignal.timeout(600_000);
const recordOwner = provisionSteps.find(({ id }) => id === 'record-owner');
let hosts: TwoHosts;
beforeAll(async () => {
  hosts = await startTwoHosts();
});
beforeEach(() => hosts.reset());
afterAll(() => hosts[Symbol.asyncDispose]());

/** The same world, with an Incus that has the new host, or not. */
function withInstance(exists: boolean): World {
  const state = async () => ({ status: 'Running' });
  const incus = async () => ({ instances: { exists: async () => exists, state } });
  return { ...hosts.world, incus } as unknown as World;
}

async function seenThere(text: string): Promise<void> {
  const file = `${hosts.world.rig.stateDir}/epoch.json`;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}

test('without a ref, and with no epoch seen anywhere, it is a first run', async () => {
  const first = { state: 'absent' };
  expect(await recordOwner?.check?.(stepContext(withInstance(false)))).toMatchObject(first);
  expect(await recordOwner?.check?.(stepContext(withInstance(true)))).toMatchObject(first);
});

test('a ref that was deleted after the new host saw it is a hold, also for a fresh journal', async () => {
  await seenThere('{"epoch":7,"commit":"x"}');
  await expect(recordOwner?.check?.(stepContext(withInstance(true)))).rejects.toMatchObject({
    code: 'OWNERSHIP_REGRESSED',
    seen: 7,
  });
});

test('a memory of the new host that cannot be read is not an empty one', async () => {
  await seenThere('half a li');
  await expect(recordOwner?.check?.(stepContext(withInstance(true)))).rejects.toThrow(SyntaxError);
});

test('after an ownership was written again by hand, past C1, the loops can be granted to the host that had them', async () => {
  await seenThere('{"epoch":7,"commit":"x"}');
  const said = await reviveByHand(withInstance(true), 'the loops ran last on vm', signal);
  expect(said).toContain('released by vm at epoch 8');
  expect(await grantNew.check?.(stepContext(hosts.world))).toMatchObject({ state: 'absent' });
  const seen = { 'see-old-rig': { processes: [], keys: [], agent: null } };
  await hosts.world.forge.fence.revoke(hosts.old.fingerprint, signal);
  await grantNew.apply?.(stepContext(hosts.world, seen));
  expect(await grantNew.check?.(stepContext(hosts.world))).toMatchObject({
    state: 'satisfied',
    evidence: { owner: 'vm', epoch: 9 },
  });
});
