import { afterAll, beforeAll, expect, it } from 'vitest';
import { newHostName } from '../../../src/rehearse/settings.ts';
import { expectOk, stageCutover, type Staged } from './staged.ts';

let staged: Staged;
beforeAll(async () => {
  staged = await stageCutover();
  expectOk(await staged.cutover(['run', '--yes', '--until', 'cold-standby']));
}, 900_000);
afterAll(() => staged[Symbol.asyncDispose]());

const instances = () => staged.lab.client.project(staged.lab.project).instances;
/** Waits until all loops run on the new host again, by themselves, and proves one more reboot. */
const expectReboot = async (): Promise<void> => {
  expect(await staged.settled()).toBe('new');
  expectOk(await staged.cutover(['reboot-proof', '--yes']));
  expect(await staged.settled()).toBe('new');
  staged.seen();
};

it('comes back from a reboot of the guest', () => expectReboot(), 300_000);

it('comes back from a stop by force and a start', async () => {
  await instances().stop(newHostName, { force: true });
  const none = { old: [], new: [] };
  await expect.poll(() => staged.seen().sightings.at(-1), { timeout: 60_000 }).toMatchObject(none);
  await instances().start(newHostName);
  await expectReboot();
}, 300_000);
