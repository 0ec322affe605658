import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { grantOwnership } from '@cutover/loops';
import { findAlarms } from '../../src/ownership/alarms.ts';
import { ownershipRef } from '../../src/ownership/ownership.ts';
import { type Move, moveOf } from '../fixture/move.ts';
import { startTwoHosts, type TwoHosts } from '../fixture/two-hosts.ts';
import { attest } from '../fixture/attest.ts';

/** Whole moves of an engine, with git over ssh: what smaller tests hold as well runs in the full counts only. */
const soak = process.env['CUTOVER_SOAK'] !== undefined;
const signal = AbortSignal.timeout(900_000);
let hosts: TwoHosts;
let move: Move;

beforeAll(async () => {
  hosts = await startTwoHosts({ loop: true, quiesceTimeout: 60_000 });
});
beforeEach(async () => {
  await hosts.reset();
  move = moveOf(hosts);
  const { lease } = move.world.settings.ownership;
  await grantOwnership(move.world.gitHere, {
    ...ownershipRef(move.world),
    expected: undefined,
    to: 'pi',
    run: 'first',
    lease,
  });
  await move.launch('start');
});
afterEach(async () => {
  hosts.reach('pi', 'answers');
  await move.launch('stop');
  await move.endNew();
});
afterAll(() => hosts[Symbol.asyncDispose]());

/** The old host loses its power: its loops end, and nothing answers. */
async function powerCut(): Promise<void> {
  await move.launch('stop');
  hosts.reach('pi', 'is silent');
}

const word = { subject: 'pi', how: 'power cut', by: 'Ada' };

test('the old host dies before it is stopped: held, until a person attests; then forward, and its late return is fenced', async () => {
  expect((await move.run({ until: 'fence-boot' })).outcome).toEqual({ result: 'ok' });
  await powerCut();
  const held = await move.run({ command: 'run' });
  expect(held.outcome).toMatchObject({
    result: 'unsafe',
    step: 'fence-boot',
    reason: expect.stringContaining("cutover attest pi --how 'power cut"),
  });
  expect(await move.running()).toEqual([]);

  hosts.reach('pi', 'refuses');
  await expect(attest(move, word)).rejects.toThrow('pi answers');
  hosts.reach('pi', 'is silent');
  await expect(attest(move, { ...word, subject: 'vm' })).rejects.toThrow('has a supervisor');
  await expect(attest(move, { ...word, subject: 'pie' })).rejects.toThrow('is not the old host; that is pi');
  await attest(move, word);
  const { outcome, events } = await move.run({ command: 'run' });
  expect(outcome).toEqual({ result: 'ok' });
  expect(await move.running()).toEqual(['vm']);
  expect(await move.owner()).toMatchObject({
    owner: 'vm',
    epoch: 3,
    attestation: { by: 'Ada', host: 'pi', epoch: 2 },
  });
  const keys = await move.world.forge.fence.list(signal);
  expect(keys.map(({ name }) => name)).not.toContain('pi');
  expect(events).toContainEqual(
    expect.objectContaining({
      type: 'verified',
      step: 'prove-stopped',
      evidence: { attested: expect.objectContaining({ by: 'Ada', how: 'power cut' }) },
    }),
  );

  // A forge that is restored from a backup lets it in again: that is said, and the next run revokes it again.
  await move.world.forge.fence.grant('pi', hosts.old.publicKey, signal);
  expect(await findAlarms(move.world, signal)).toEqual([
    expect.stringMatching(/lets pi in again by SHA256:.*cutover run/),
  ]);
  // It comes back late, and someone starts its rig: that run ends it, and takes its starts away.
  hosts.reach('pi', 'answers');
  await move.launch('start');
  expect(await findAlarms(move.world, signal)).toContainEqual(
    expect.stringMatching(/pi, which was attested.* runs its rig: `cutover run`/),
  );
  expect((await move.run({ sampled: false })).outcome).toEqual({ result: 'ok' });
  expect(await move.running()).toEqual(['vm']);
  expect(await findAlarms(move.world, signal)).toEqual([]);
  await expect(move.launch('start')).rejects.toThrow(/permission denied/i);
  await expect(hosts.git(hosts.old.clone, 'push', '--dry-run', 'origin', 'HEAD:main')).rejects.toThrow(
    /permission denied/i,
  );
}, 240_000);

test('the old host dies past the commit point: forward it goes, and a rollback stops nothing', async () => {
  expect((await move.run({ until: 'grant-ownership' })).outcome).toEqual({ result: 'ok' });
  await powerCut();
  const forward = await move.run({ command: 'run' });
  expect(forward.outcome).toMatchObject({ result: 'unsafe', step: 'cold-standby' });
  expect(await move.running()).toEqual(['vm']);
  const back = await move.run({ command: 'rollback' });
  expect(back.outcome).toMatchObject({
    result: 'unsafe',
    step: 'back-reach-both',
    reason: expect.stringContaining('nothing was stopped: the loops stay on vm'),
  });
  expect(await move.running()).toEqual(['vm']);
  await attest(move, word);
  expect((await move.run()).outcome).toEqual({ result: 'ok' });
  expect(await move.owner()).toMatchObject({ owner: 'vm', epoch: 3 });
}, 240_000);

test.runIf(soak)(
  'the old host dies on the way back, when the new rig is stopped: the way back is given up, and vm runs again',
  async () => {
    expect((await move.run()).outcome).toEqual({ result: 'ok' });
    const events = move.run({
      command: 'rollback',
      onEvent: ({ type, step }) => {
        if (type === 'verified' && step === 'back-stop-new') hosts.reach('pi', 'is silent');
      },
    });
    expect((await events).outcome).toMatchObject({ result: 'unsafe', step: 'back-reach-again' });
    expect(await move.running()).toEqual([]);
    await expect(move.run()).rejects.toThrow('run --forward');
    await attest(move, word);
    expect((await move.run({ forward: true })).outcome).toEqual({ result: 'ok' });
    expect(await move.running()).toEqual(['vm']);
    expect(await move.owner()).toMatchObject({ owner: 'vm', epoch: 5 });
  },
  240_000,
);

test.runIf(soak)(
  'a word is void once the host has answered, and is no word for another host or plan',
  async () => {
    await move.run({ until: 'release-ownership' });
    await powerCut();
    await move.run({ command: 'run' });
    await attest(move, word);
    hosts.reach('pi', 'answers');
    await move.world.old.run(['true'], { signal });
    hosts.reach('pi', 'is silent');
    const { outcome } = await move.run({ command: 'run' });
    expect(outcome).toMatchObject({ result: 'unsafe', reason: expect.stringMatching(/answered at .* void/) });
    expect(await move.owner()).toMatchObject({ state: 'released', from: 'pi' });
  },
  240_000,
);
