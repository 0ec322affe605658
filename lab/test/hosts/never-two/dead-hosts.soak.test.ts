import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { waitReady } from './instances.ts';
import { expectEnd, expectOk, goOn, stageCutover, type Staged, tellingOf } from './staged.ts';
import { newHostName } from '../../../src/rehearse/settings.ts';

/** No answer: nothing was changed because of it. */
const unsafe = 13;

let staged: Staged;
beforeAll(async () => {
  staged = await stageCutover();
}, 900_000);
afterAll(() => staged[Symbol.asyncDispose]());

/** Each begins with the old rig running, whatever became of the one before. */
beforeEach(async () => {
  const { status } = await oldInstance().state('pi');
  if (status === 'Frozen') await oldInstance().setState('pi', { action: 'unfreeze' });
  if (status === 'Stopped') await startOld();
  if (staged.seen().sightings.at(-1)?.old.length === 3) return;
  await staged.cutover(['run', '--yes', '--forward', '--until', 'cold-standby']);
  await goBack();
}, 900_000);

const oldInstance = () => staged.lab.client.instances;
const newInstance = () => staged.lab.client.project(staged.lab.project).instances;
const run = (...more: string[]) => staged.cutover(['run', '--yes', '--until', 'cold-standby', ...more]);
const attest = () =>
  staged.cutover(['attest', 'pi', '--how', 'instance stopped', '--by', 'the scripted operator']);
const goBack = async () => goOn(staged, await staged.cutover(['rollback', '--yes']));
const startOld = async () => {
  await oldInstance().start('pi');
  await waitReady(staged.hosts.pi.host);
};

/** Runs forward; what `act` does is done when `step` is looked at, and the run goes on against it. */
async function runUntilAct(step: string, act: () => PromiseLike<unknown>) {
  let acting: PromiseLike<unknown> | undefined;
  const end = await staged.cutover(['run', '--yes', '--until', 'cold-standby'], {
    onEvent(event) {
      if (event.type === 'looking' && event.step === step) acting ??= act();
    },
  });
  expect(acting, `${step} was never looked at`).toBeDefined();
  await acting;
  return end;
}

it('an old host that dies after the approval: held; attested, forward it goes; back late, it starts nothing', async () => {
  const end = await runUntilAct('quiesce-old', () => oldInstance().stop('pi', { force: true }));
  expectEnd(end, unsafe);
  const again = await staged.cutover(['resume']);
  expectEnd(again, unsafe);
  expect(tellingOf(again)).toMatch(/cutover attest pi/);
  expect(staged.seen().sightings.at(-1)).toMatchObject({ old: [], new: [] });
  expectOk(await attest());
  await goOn(staged, await staged.cutover(['resume']));
  expect(await staged.settled()).toBe('new');

  await startOld();
  const looked = await run();
  expectOk(looked);
  expect(await staged.settled()).toBe('new');
  staged.seen();
  await goBack();
});

it('an old host that dies after the approval and comes back: its word is not needed, and a rollback starts it again', async () => {
  const end = await runUntilAct('quiesce-old', () => oldInstance().stop('pi', { force: true }));
  expectEnd(end, unsafe);
  // It can be undone only where it answers; nothing is half undone meanwhile that a second try could not go on with.
  const back = await staged.cutover(['rollback', '--yes']);
  expect(back.exitCode).not.toBe(0);
  await startOld();
  expect(staged.seen().sightings.at(-1)).toMatchObject({ old: [], new: [] });
  await goOn(staged, await staged.cutover(['resume']));
  expect(await staged.settled()).toBe('old');
  staged.seen();
});

it('an old host that is frozen at the stop holds the move, and goes on with it when it is thawed', async () => {
  const end = await runUntilAct('quiesce-old', () => oldInstance().setState('pi', { action: 'freeze' }));
  expectEnd(end, unsafe);
  expect((await staged.lab.client.instances.state('pi')).status).toBe('Frozen');
  expect(staged.seen().sightings.at(-1)?.new).toEqual([]);
  await oldInstance().setState('pi', { action: 'unfreeze' });
  await goOn(staged, await staged.cutover(['resume']));
  expect(await staged.settled()).toBe('new');
  staged.seen();
  await goBack();
});

it('an old host that dies past C1: the new rig runs on, a rollback stops nothing, and it is attested or brought back', async () => {
  const end = await runUntilAct('verify-handoff', () => oldInstance().stop('pi', { force: true }));
  expectEnd(end, unsafe);
  expect(await staged.settled()).toBe('new');
  const refused = await staged.cutover(['rollback', '--yes']);
  expectEnd(refused, unsafe);
  expect(tellingOf(refused)).toMatch(/nothing was stopped: the loops stay on/);
  expect(await staged.settled()).toBe('new');
  expectOk(await attest());
  await goOn(staged, await run());
  await startOld();
  expectOk(await run());
  expect(await staged.settled()).toBe('new');
  staged.seen();
  await goBack();
});

it('a new host that is frozen at a rollback holds it; stopped, it is given up, its lease is waited for, and it comes back to nothing', async () => {
  expectOk(await run());
  expect(await staged.settled()).toBe('new');
  await newInstance().setState(newHostName, { action: 'freeze' });
  const held = await staged.cutover(['rollback', '--yes']);
  expectEnd(held, unsafe);
  expect(tellingOf(held)).toMatch(/its instance is frozen/);
  expect(staged.seen().sightings.at(-1)?.old).toEqual([]);
  await newInstance().stop(newHostName, { force: true });
  await goBack();
  expect(await staged.settled()).toBe('old');

  await newInstance().start(newHostName);
  await new Promise((resolve) => setTimeout(resolve, 60_000));
  expect(await staged.settled()).toBe('old');
  expect(staged.seen().sightings.at(-1)?.new).toEqual([]);
});
