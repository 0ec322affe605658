import { incusHost } from '@cutover/incus-client';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
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

/** By itself: no step and no person starts anything. */
afterEach(async () => {
  expect(await staged.settled()).toBe('new');
  staged.seen();
});

const instances = () => staged.lab.client.project(staged.lab.project).instances;
const bootOf = async (): Promise<string> => {
  const host = incusHost(staged.lab.client.project(staged.lab.project), newHostName);
  return (await host.run(['cat', '/proc/sys/kernel/random/boot_id', '/proc/1/stat'])).stdout;
};
/** Until a sample of the sampler has the loops on no host. */
const noneRuns = () =>
  expect.poll(() => staged.seen().sightings.at(-1), { timeout: 60_000 }).toMatchObject({ old: [], new: [] });

it('comes back from a reboot of the guest, and proves it', async () => {
  expectOk(await staged.cutover(['reboot-proof', '--yes']));
}, 300_000);

it('comes back from a stop by force and a start, and proves a reboot after that', async () => {
  await instances().stop(newHostName, { force: true });
  await noneRuns();
  await instances().start(newHostName);
  expect(await staged.settled()).toBe('new');
  expectOk(await staged.cutover(['reboot-proof', '--yes']));
}, 300_000);

it('does not notice that the Incus daemon was killed and started again, and proves a reboot after that', async () => {
  const before = await bootOf();
  process.kill(await daemonOf(staged.lab), 'SIGKILL');
  await using again = await openLab();
  expect(again.url).toBe(staged.lab.url);
  expect((await bootOf()).split(' ').at(21)).toBe(before.split(' ').at(21));
  expectOk(await staged.cutover(['reboot-proof', '--yes']));
}, 300_000);
