import { HostConnectionError } from '@cutover/host';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isUnsafe } from '../../src/is-unsafe.ts';
import { provisionSteps } from '../../src/phases/a-provision.ts';
import { configureSteps } from '../../src/phases/b-configure.ts';
import { stageSteps } from '../../src/phases/c-stage.ts';
import { cutOverSteps } from '../../src/phases/d-cut-over.ts';
import { stepContext } from '../fixture/step-context.ts';
import { startTwoHosts, type TwoHosts } from '../fixture/two-hosts.ts';

let hosts: TwoHosts;
beforeAll(async () => {
  hosts = await startTwoHosts();
});
afterAll(() => hosts[Symbol.asyncDispose]());

test('a host that is lost while something is applied is a hold, whatever wraps its error', () => {
  const lost = new HostConnectionError('CONNECTION_LOST', 'pi', 'lost');
  expect(isUnsafe(lost)).toBe(true);
  expect(isUnsafe(new Error('the sync failed', { cause: lost }))).toBe(true);
  expect(isUnsafe(new Error('the sync failed'))).toBe(false);
});

test('a forge that has the key of the new host and does not answer from there is not one that lacks the key', async () => {
  const authorize = stageSteps.find(({ id }) => id === 'authorize-target');
  const { world, new: vm } = hosts;
  const settings = { ...world.settings, new: { ...world.settings.new, user: `../..${vm.home}` } };
  const forge = { ...world.forge, url: () => `${hosts.root}/forge/none.git` };
  const look = () => authorize?.check?.(stepContext({ ...world, settings, forge }));
  expect(await look()).toMatchObject({
    state: 'unknown',
    reason: expect.stringContaining('look at its network'),
  });
  await world.forge.fence.revoke(vm.fingerprint, AbortSignal.timeout(10_000));
  expect(await look()).toMatchObject({ state: 'absent' });
  await hosts.reset();
});

test('past C1 no step before it is looked at again on the old host, which may be gone', async () => {
  const steps = [...provisionSteps, ...configureSteps, ...stageSteps, ...cutOverSteps];
  const c1 = steps.findIndex(({ commitPoint }) => commitPoint === 'C1');
  const before = steps.slice(0, c1 + 1).map(({ id }) => id);
  const lookedAt = steps.slice(0, c1).filter(({ holdsUntil }) => !before.includes(holdsUntil ?? ''));
  const asked: string[] = [];
  for (const step of lookedAt) {
    const old = { get: () => void asked.push(step.id) };
    const world = Object.defineProperties({ ...hosts.world }, { old, oldRig: old });
    // What else it looks at is not there: what counts is whether it turns to the old host.
    await step.check?.(stepContext(world)).catch(() => undefined);
  }
  expect(lookedAt.length).toBeGreaterThan(5);
  expect(asked).toEqual([]);
});
