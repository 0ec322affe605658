import { incusHost } from '@cutover/incus-client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openLab } from '../../../src/index.ts';
import { newHostName } from '../../../src/rehearse/settings.ts';
import { daemonOf } from '../../lab/daemon-of.ts';
import { expectOk, stageCutover, type Staged } from './staged.ts';

let staged: Staged;
beforeAll(async () => {
  staged = await stageCutover();
  expectOk(await staged.cutover(['run', '--yes', '--until', 'cold-standby']));
}, 900_000);
afterAll(() => staged[Symbol.asyncDispose]());

const instances = () => staged.lab.client.project(staged.lab.project).instances;
/** When its systemd started: the boot's identity is that of the machine around a container. */
const startOfBoot = async (): Promise<string | undefined> => {
  const host = incusHost(staged.lab.client.project(staged.lab.project), newHostName);
  return (await host.run(['cat', '/proc/1/stat'])).stdout.split(' ').at(21);
};
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

it('does not notice that the Incus daemon was killed and started again', async () => {
  const before = await startOfBoot();
  process.kill(await daemonOf(staged.lab), 'SIGKILL');
  await using again = await openLab();
  expect(again.url).toBe(staged.lab.url);
  expect(await startOfBoot()).toBe(before);
  await expectReboot();
}, 300_000);
