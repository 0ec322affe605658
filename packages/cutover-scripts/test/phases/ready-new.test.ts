import { afterAll, beforeAll, expect, test } from 'vitest';
import { otherOwnership } from '../../src/new-host/deployed-rig.ts';
import { readyNew } from '../../src/phases/d-cut-over/prepare-new.ts';
import { stepContext } from '../fixture/step-context.ts';
import { startTwoHosts, type TwoHosts } from '../fixture/two-hosts.ts';

let hosts: TwoHosts;
beforeAll(async () => {
  hosts = await startTwoHosts();
});
afterAll(() => hosts[Symbol.asyncDispose]());

test('a deployed loops.yaml that would start its loops at once is found', () => {
  const { settings, forge } = hosts.world;
  const remote = forge.url(settings.ownership.repository);
  const ownership = { owner: settings.name, remote };
  const found = (file: object | string) =>
    otherOwnership(typeof file === 'string' ? file : JSON.stringify(file), hosts.world);
  expect(found({ rig: 'x', ownership, loops: {} })).toEqual([]);
  const noOwner = `ownership.owner is not there and not ${settings.name}`;
  expect(found('rig: x\nloops: {}\n')).toContain(noOwner);
  expect(found('')).toContain(noOwner);
  expect(found('ownership: {owner: [')).toContain(noOwner);
  expect(found({ ownership: { ...ownership, owner: 'pi' } })).toEqual([
    `ownership.owner is pi and not ${settings.name}`,
  ]);
  expect(found({ ownership: { ...ownership, remote: '/x' } })).toEqual([
    `ownership.remote is /x and not ${remote}`,
  ]);
  expect(found({ ownership: { ...ownership, ref: 'refs/x' } })).toEqual([
    `ownership.ref is refs/x and not ${settings.ownership.ref}`,
  ]);
});

test('a new host to which no loops.yaml was deployed is not started, and an undo there is seen to be done', async () => {
  await expect(readyNew.apply?.(stepContext(hosts.world))).rejects.toThrow('deploy it');
  expect(await readyNew.check?.(stepContext(hosts.world))).toMatchObject({ state: 'absent' });
});
