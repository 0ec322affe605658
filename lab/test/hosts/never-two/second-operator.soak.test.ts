import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exitCodes } from '@cutover/runbook';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type End, expectEnd, expectOk, goOn, stageCutover, type Staged } from './staged.ts';

const claimed = 11;

let staged: Staged;
let other: string;
beforeAll(async () => {
  other = await mkdtemp(join(tmpdir(), 'other-operator-'));
  // From phase A on it is watched by the test itself.
  staged = await stageCutover({ stage: false });
}, 900_000);
afterAll(async () => {
  await staged[Symbol.asyncDispose]();
  await rm(other, { recursive: true, force: true });
});

/** All that another operator could try, from a state directory of its own. */
async function tryAll(): Promise<readonly End[]> {
  const ends: End[] = [];
  for (const argv of [
    ['run', '--yes'],
    ['rollback', '--yes'],
    ['reboot-proof', '--yes'],
  ])
    ends.push(await staged.cutover(argv, { state: join(other, 'state') }));
  return ends;
}

it('a second operator is refused in every phase, and the first goes on to the end', async () => {
  const tries = new Map<string, Promise<readonly End[]>>();
  const phases = new Map<string, string>();
  const end = await staged.cutover(['run', '--yes'], {
    onEvent(event) {
      if (event.type === 'plan') for (const step of event.steps) phases.set(step.id, step.phase);
      if (event.type !== 'looking') return;
      const phase = phases.get(event.step) ?? '';
      if (!tries.has(phase)) tries.set(phase, tryAll());
    },
  });
  expectOk(end);
  expect([...tries.keys()]).toHaveLength(5);
  for (const [phase, trying] of tries)
    for (const one of await trying) {
      // Before C1 a state directory that has seen no run has nothing to roll back, and says that first.
      expectEnd(one, one.exitCode === exitCodes.usage.code ? exitCodes.usage.code : claimed, phase);
      expect(one.events.filter(({ type }) => ['intent', 'undo.intent', 'op'].includes(type))).toEqual([]);
    }
  expect(await staged.settled()).toBe('new');
  staged.seen();
});

it('takes over by typed words alone, and the first changes nothing more', async () => {
  await goOn(staged, await staged.cutover(['rollback', '--yes']));
  const until = ['run', '--yes', '--until', 'cold-standby'];
  const killed = await staged.cutover(until, {
    killAt: (event) => event.type === 'intent' && event.step === 'revoke-old',
  });
  expect(killed.killed).toBe(true);
  const state = join(other, 'state');
  const words = async (typed: string) => staged.cutover(['unlock', '--operator', typed], { state });
  const shown = await words('please');
  expect(shown.exitCode).toBe(exitCodes.usage.code);
  const right = /type '(take over [0-9a-f]+)'/.exec(shown.stderr)?.[1] ?? '';
  expectOk(await words(right));
  // The second sees the rig down and fenced already, and asks all the same.
  await goOn(staged, await staged.cutover(until, { state }));
  expect(await staged.settled()).toBe('new');
  for (const argv of [['resume'], ['rollback', '--yes']]) {
    const refused = await staged.cutover(argv);
    expectEnd(refused, claimed);
  }
  staged.seen();
});
