import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { localHost } from '@cutover/host';
import { connectIncus } from '@cutover/incus-client';
import { grantOwnership, releaseOwnership } from '@cutover/loops';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findAlarms } from '../../src/ownership/alarms.ts';
import { grantLoops } from '../../src/ownership/grant-loops.ts';
import { ownershipRef, readOwner } from '../../src/ownership/ownership.ts';
import { reviveByHand } from '../../src/ownership/revive-ownership.ts';
import type { World } from '../../src/world/world.ts';

const { signal } = new AbortController();
const run = promisify(execFile);
const host = localHost();
let root: string;
let world: World;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'revive-ownership-'));
  await run('git', ['init', '--quiet', '--bare', join(root, 'forge.git')]);
  const used = {
    settings: {
      name: 'vm',
      old: { name: 'pi' },
      forge: { ssh: { host: 'forge' } },
      ownership: { repository: 'any', ref: 'refs/cutover/owner', lease: 600_000 },
    },
    // No Incus answers, so no new host can be asked: what was seen is remembered here.
    incus: () => connectIncus({ url: 'https://127.0.0.1:1', serverFingerprint: 'f'.repeat(64), signal }),
    forge: { url: () => join(root, 'forge.git') },
    old: host,
    oldRig: host,
    gitHere: host,
    workDirectory: join(root, 'work'),
  };
  world = used as unknown as World;
});
afterEach(() => rm(root, { recursive: true }));

/** The ref as a backup has it, put back. */
async function restore(commit: string): Promise<void> {
  await run('git', ['-C', join(root, 'forge.git'), 'update-ref', 'refs/cutover/owner', commit]);
}

/** pi held the loops, and the move gave them to vm: epoch 3. Returns the commit of a backup from before it. */
async function moved(): Promise<string> {
  const place = { ...ownershipRef(world), run: 'run-1' };
  const first = await grantOwnership(host, { ...place, expected: undefined, to: 'pi' });
  const released = await releaseOwnership(host, { ...place, expected: first });
  await grantOwnership(host, { ...place, expected: released, to: 'vm' });
  await readOwner(world, signal);
  return first.commit;
}

const regressed = { code: 'OWNERSHIP_REGRESSED', message: expect.stringContaining('unlock --ownership') };
const words = 'the loops ran last on vm';

test('a ref that was deleted is a hold until a person says where the loops ran; then the same host has them again', async () => {
  await moved();
  await run('git', ['-C', join(root, 'forge.git'), 'update-ref', '-d', 'refs/cutover/owner']);
  await expect(readOwner(world, signal)).rejects.toMatchObject(regressed);
  expect(await findAlarms(world, signal)).toEqual([expect.stringContaining('unlock --ownership')]);
  await expect(reviveByHand(world, 'yes', signal)).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringMatching(/held by no host, and epoch 3 was seen.*'the loops ran last on pi'/),
  });
  await expect(reviveByHand(world, 'the loops ran last on mars', signal)).rejects.toMatchObject({
    code: 'USAGE',
  });
  expect(await reviveByHand(world, words, signal)).toMatch(/released by vm at epoch 4; .*run --repair/);
  const last = {
    name: 'vm',
    stopped: false,
    supervised: true,
    answers: true,
    lastAnswer: null,
    key: 'valid',
    instance: 'running',
  } as const;
  const again = { plan: 'p', run: 'run-2', to: 'vm', last: async () => last, signal };
  expect(await grantLoops(world, again)).toMatchObject({ epoch: 5, ground: 'returned' });
});

test('a ref that is written again is waited for as long as the last owner may still go on', async () => {
  const { settings } = world;
  const lease = 3_600_000;
  world = { ...world, settings: { ...settings, ownership: { ...settings.ownership, lease } } };
  await moved();
  await run('git', ['-C', join(root, 'forge.git'), 'update-ref', '-d', 'refs/cutover/owner']);
  await reviveByHand(world, words, signal);
  expect(await readOwner(world, signal)).toMatchObject({ state: 'released', from: 'vm', lease });
});

test('a ref restored from a backup older than the move is a hold, written again above all that was seen', async () => {
  await restore(await moved());
  await expect(readOwner(world, signal)).rejects.toMatchObject(regressed);
  expect(await reviveByHand(world, words, signal)).toContain('released by vm at epoch 4');
  expect(await readOwner(world, signal)).toMatchObject({ state: 'released', from: 'vm', epoch: 4 });
  const last = {
    name: 'vm',
    stopped: false,
    supervised: true,
    answers: true,
    lastAnswer: null,
    key: 'valid',
    instance: 'running',
  } as const;
  const elsewhere = { plan: 'p', run: 'run-2', to: 'pi', last: async () => last, signal };
  await expect(grantLoops(world, elsewhere)).rejects.toMatchObject({ code: 'GRANT_REFUSED' });
});

test('another history of the same epoch is one that was restored and went on', async () => {
  const backup = await moved();
  await restore(backup);
  const fork = join(root, 'fork');
  const place = { ...ownershipRef(world), repository: fork, run: 'another' };
  const held = {
    state: 'held',
    owner: 'pi',
    epoch: 1,
    run: 'run-1',
    lease: 600_000,
    commit: backup,
  } as const;
  const released = await releaseOwnership(host, { ...place, expected: held });
  await grantOwnership(host, { ...place, expected: released, to: 'pi' });
  await expect(readOwner(world, signal)).rejects.toMatchObject(regressed);
  expect(await reviveByHand(world, words, signal)).toContain('epoch 4');
});

test('where nothing is wrong there is nothing to repair', async () => {
  await expect(reviveByHand(world, words, signal)).rejects.toThrow('nothing to repair');
  await moved();
  await expect(reviveByHand(world, words, signal)).rejects.toThrow('nothing to repair');
});
