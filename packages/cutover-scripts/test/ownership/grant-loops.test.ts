import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { localHost } from '@cutover/host';
import { grantOwnership, type LastOwner, readOwnership, releaseOwnership } from '@cutover/loops';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type GrantClock, grantLoops, type GrantRequest } from '../../src/ownership/grant-loops.ts';
import { ownershipRef } from '../../src/ownership/ownership.ts';
import type { World } from '../../src/world/world.ts';

const { signal } = new AbortController();
const run = promisify(execFile);
const host = localHost();
let root: string;
let world: World;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'grant-loops-'));
  const remote = join(root, 'forge.git');
  await run('git', ['init', '--quiet', '--bare', remote]);
  // What a grant uses of the world: where the forge is, and git.
  const used = {
    settings: { ownership: { repository: 'any', ref: 'refs/cutover/owner', lease: 600_000 } },
    forge: { url: () => remote },
    gitHere: host,
    workDirectory: join(root, 'work'),
  };
  world = used as unknown as World;
  const place = { ...ownershipRef(world), run: 'run-1' };
  const held = await grantOwnership(host, { ...place, expected: undefined, to: 'vm' });
  await releaseOwnership(host, { ...place, expected: held });
});
afterEach(() => rm(root, { recursive: true }));

/** A clock on which each wait is over at once, and what was waited in all. */
function fastClock(): GrantClock & { readonly waited: () => number } {
  let now = 5000;
  return {
    now: () => now,
    async wait(milliseconds) {
      now += milliseconds;
    },
    waited: () => now - 5000,
  };
}

const silent: LastOwner = {
  name: 'vm',
  stopped: false,
  supervised: true,
  answers: false,
  lastAnswer: null,
  key: 'revoked',
  instance: 'stopped',
};

function grant(more: Partial<GrantRequest>) {
  return grantLoops(world, { plan: 'p', run: 'run-1', to: 'pi', last: async () => silent, signal, ...more });
}

test('a host with a supervisor that cannot be asked: its whole lease is waited, and again by a runner that restarts', async () => {
  const first = fastClock();
  const dies = new AbortController();
  const dying = grant({
    clock: {
      ...first,
      async wait(milliseconds) {
        await first.wait(milliseconds, signal);
        if (first.waited() >= 300_000) throw new Error('killed');
      },
    },
    signal: dies.signal,
  });
  await expect(dying).rejects.toThrow('killed');
  expect(await readOwnership(host, ownershipRef(world))).toMatchObject({ state: 'released' });
  const second = fastClock();
  const said: string[] = [];
  expect(await grant({ clock: second, progress: (text) => said.push(text) })).toEqual({
    epoch: 3,
    ground: 'lease',
    unfenced: false,
  });
  expect(second.waited()).toBe(600_000);
  expect(said[0]).toMatch(/the lease of vm ends in 10m/);
});

test('its instance thawed or its key let in again while the lease is waited for: refused', async () => {
  const looks: LastOwner[] = [silent, { ...silent, instance: 'running' }];
  await expect(
    grant({ clock: fastClock(), last: async () => looks.shift() ?? silent }),
  ).rejects.toMatchObject({
    code: 'GRANT_REFUSED',
    missing: expect.arrayContaining([expect.stringContaining('the instance vm is running')]),
  });
  const keys: LastOwner[] = [silent, { ...silent, key: 'valid' }];
  await expect(grant({ clock: fastClock(), last: async () => keys.shift() ?? silent })).rejects.toMatchObject(
    {
      missing: [expect.stringContaining('still valid')],
    },
  );
  expect(await readOwnership(host, ownershipRef(world))).toMatchObject({ state: 'released', epoch: 2 });
});

test('another release meanwhile is another lease, counted from its own read', async () => {
  const clock = fastClock();
  let moved = false;
  const granted = await grant({
    clock: {
      ...clock,
      async wait(milliseconds) {
        await clock.wait(milliseconds, signal);
        if (moved || clock.waited() < 300_000) return;
        moved = true;
        const place = { ...ownershipRef(world), run: 'another' };
        const found = await readOwnership(host, place);
        if (found?.state !== 'released') throw new Error('it was released');
        const held = await grantOwnership(host, { ...place, expected: found, to: 'vm' });
        await releaseOwnership(host, { ...place, expected: held });
      },
    },
  });
  expect(granted).toMatchObject({ ground: 'lease', epoch: 5 });
  expect(clock.waited()).toBe(900_000);
});

test('an old host without a supervisor: no wait makes up for a person’s word', async () => {
  const last = async (): Promise<LastOwner> => ({ ...silent, supervised: false, instance: 'not asked' });
  const clock = fastClock();
  await expect(grant({ clock, last })).rejects.toMatchObject({
    missing: expect.arrayContaining([expect.stringContaining('no person attests')]),
  });
  expect(clock.waited()).toBe(0);
});
