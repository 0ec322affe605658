import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { hashInputs, type Inputs, secretInput } from '../../src/engine/inputs.ts';
import { makePlan } from '../../src/engine/plan.ts';
import { createToy, fileStep, filesOf, runToy, story, toyRunbook, type ToyStep } from './toy.ts';

const key = Buffer.alloc(32, 7);
const changed = (id: string): ToyStep => fileStep(id, { inputs: () => 'other' });

test('drift stops a run before anything is done; --repair applies it again', async () => {
  await using toy = await createToy();
  const steps = [fileStep('one'), fileStep('two')];
  await runToy(toy, steps, { until: 'one' });
  await rm(join(toy.world.directory, 'one'));
  const drifted = await runToy(toy, steps, { command: 'resume' });
  expect(drifted.outcome).toMatchObject({ result: 'drift', step: 'one' });
  expect(await filesOf(toy)).toEqual([]);
  expect((await runToy(toy, steps, { command: 'run', repair: true })).outcome).toEqual({ result: 'ok' });
  expect(await filesOf(toy)).toEqual(['one', 'two']);
});

test('what was true once is not looked at again where the step says that this is enough', async () => {
  await using toy = await createToy();
  const steps = [fileStep('one', { holdsUntil: 'one' }), fileStep('two')];
  await runToy(toy, steps, { until: 'one' });
  await rm(join(toy.world.directory, 'one'));
  expect((await runToy(toy, steps)).outcome).toEqual({ result: 'ok' });
  expect(await filesOf(toy)).toEqual(['two']);
});

test('what cannot be seen on resume is unsafe, not drift', async () => {
  await using toy = await createToy();
  await runToy(toy, [fileStep('one'), fileStep('two')], { until: 'one' });
  const check = async (): Promise<never> => Promise.reject(new Error('unreachable'));
  const { outcome } = await runToy(toy, [fileStep('one', { check }), fileStep('two')], {
    command: 'resume',
    repair: true,
  });
  expect(outcome).toMatchObject({ result: 'unsafe', step: 'one' });
});

test('what a later step rightly changed is not drift once that step has begun', async () => {
  await using toy = await createToy();
  const steps = (third: ToyStep[]): ToyStep[] => [
    fileStep('one', { holdsUntil: 'two' }),
    fileStep('two', {
      async verify({ world }) {
        await rm(join(world.directory, 'one'));
        return {};
      },
    }),
    ...third,
  ];
  await runToy(toy, steps([]));
  const { outcome } = await runToy(toy, steps([]), { command: 'resume' });
  expect(outcome).toEqual({ result: 'ok' });
});

test('a changed plan is refused until it is reviewed; only what changed is done again', async () => {
  await using toy = await createToy();
  await runToy(toy, [fileStep('one'), fileStep('two')], { until: 'one' });
  const steps = [fileStep('one'), changed('two')];
  await expect(runToy(toy, steps, { command: 'resume' })).rejects.toMatchObject({
    code: 'PLAN_STALE',
    changedSteps: ['two'],
  });
  const { hash } = makePlan(toyRunbook(toy, steps), 'main', await keyOf(toy));
  await expect(
    runToy(toy, steps, { plan: `${hash.startsWith('0') ? '1' : '0'}${hash.slice(1)}` }),
  ).rejects.toMatchObject({
    code: 'PLAN_STALE',
  });
  await expect(runToy(toy, steps, { plan: hash.slice(0, 4) })).rejects.toMatchObject({ code: 'PLAN_STALE' });
  const { outcome, events } = await runToy(toy, steps, { plan: hash.slice(0, 12) });
  expect(outcome).toEqual({ result: 'ok' });
  expect(story(events, 'intent')).toEqual(['intent two']);
});

test('past C1 no step that was done may change', async () => {
  await using toy = await createToy();
  const steps = (one: ToyStep): ToyStep[] => [one, fileStep('two', { commitPoint: 'C1' }), fileStep('three')];
  await runToy(toy, steps(fileStep('one')), { until: 'two' });
  const now = steps(changed('one'));
  const { hash } = makePlan(toyRunbook(toy, now), 'main', await keyOf(toy));
  await expect(runToy(toy, now, { plan: hash })).rejects.toMatchObject({ code: 'PLAN_STALE' });
  // A step that is still to come may.
  const later = [...steps(fileStep('one')).slice(0, 2), changed('three')];
  const plan = makePlan(toyRunbook(toy, later), 'main', await keyOf(toy)).hash;
  expect((await runToy(toy, later, { plan })).outcome).toEqual({ result: 'ok' });
});

test('until stops after a step or a phase, and only performs one', async () => {
  await using toy = await createToy();
  const steps = [
    fileStep('one'),
    fileStep('two', { phase: 'b-check' }),
    fileStep('three', { phase: 'c-move' }),
  ];
  await expect(runToy(toy, steps, { only: 'two' })).rejects.toThrow('two needs one');
  await runToy(toy, steps, { until: 'a' });
  expect(await filesOf(toy)).toEqual(['one']);
  await runToy(toy, steps, { only: 'two' });
  expect(await filesOf(toy)).toEqual(['one', 'two']);
  await expect(runToy(toy, steps, { until: 'nowhere' })).rejects.toMatchObject({ code: 'USAGE' });
});

test('there is nothing to resume before a run', async () => {
  await using toy = await createToy();
  await expect(runToy(toy, [], { command: 'resume' })).rejects.toMatchObject({ code: 'USAGE' });
});

test.each<[string, ToyStep[]]>([
  ['one id twice', [fileStep('one'), fileStep('one')]],
  ['a need that comes later', [fileStep('one', { needs: [fileStep('two')] }), fileStep('two')]],
  ['a phase that it does not have', [fileStep('one', { phase: 'z-else' })]],
  ['an id that is not kebab-case', [fileStep('One Step')]],
  ['a compensable step without undo', [{ ...withoutUndo(), kind: 'compensable' }]],
  ['a step that holds until nothing', [fileStep('one', { holdsUntil: 'never' })]],
])('a runbook with %s is refused', async (_name, steps) => {
  await using toy = await createToy();
  await expect(runToy(toy, steps)).rejects.toMatchObject({ code: 'RUNBOOK_INVALID' });
  expect(await filesOf(toy)).toEqual([]);
});

test('the hash of inputs depends on their values, and not on the order of keys', () => {
  const json = fc.jsonValue().map((value): Inputs => JSON.parse(JSON.stringify(value)));
  fc.assert(
    fc.property(json, json, (a, b) => {
      const forwards = hashInputs({ a, b }, key);
      expect(hashInputs({ b, a }, key)).toBe(forwards);
      expect(hashInputs({ a, b, c: undefined }, key)).toBe(forwards);
      expect(hashInputs({ a: b, b: a }, key) === forwards).toBe(hashInputs(a, key) === hashInputs(b, key));
    }),
  );
});

test('a secret input changes the hash, under this key only, and shows itself nowhere', () => {
  const one = { token: secretInput('s3cret-one') };
  expect(hashInputs(one, key)).not.toBe(hashInputs({ token: secretInput('s3cret-two') }, key));
  expect(hashInputs(one, key)).not.toBe(hashInputs(one, Buffer.alloc(32, 8)));
  expect(JSON.stringify(one)).toBe('{"token":"[secret]"}');
});

test('a plan does not change when nothing does', async () => {
  await using toy = await createToy();
  const hashes = [1, 2].map(() => makePlan(toyRunbook(toy, [fileStep('one')]), 'main', key).hash);
  expect(hashes[0]).toBe(hashes[1]);
});

function withoutUndo(): ToyStep {
  const { undo: _undo, ...step } = fileStep('one');
  return step;
}

async function keyOf(toy: { readonly stateDirectory: string }): Promise<Uint8Array> {
  const { openStateDirectory } = await import('../../src/journal/state-directory.ts');
  return (await openStateDirectory(toy.stateDirectory)).key;
}

test('resume keeps to the part that the run was told, until a run is told another', async () => {
  await using toy = await createToy();
  let broken = true;
  const two = fileStep('two', {
    async apply(context) {
      if (broken) throw new Error('busy');
      await fileStep('two').apply?.(context);
    },
  });
  const steps = [fileStep('one'), two, fileStep('three')];
  await runToy(toy, steps, { until: 'two' });
  broken = false;
  await runToy(toy, steps, { command: 'resume' });
  expect(await filesOf(toy)).toEqual(['one', 'two']);
  await runToy(toy, steps, { command: 'resume' });
  expect(await filesOf(toy)).toEqual(['one', 'two']);
  await runToy(toy, steps);
  expect(await filesOf(toy)).toEqual(['one', 'three', 'two']);
});

test('from begins at a step or phase, and refuses when what is before it is not done', async () => {
  await using toy = await createToy();
  const steps = [
    fileStep('one'),
    fileStep('two', { phase: 'b-check' }),
    fileStep('three', { phase: 'c-move' }),
  ];
  await expect(runToy(toy, steps, { from: 'b' })).rejects.toThrow('two needs one, which is not done yet');
  await expect(runToy(toy, steps, { from: 'c', until: 'two' })).rejects.toThrow('c comes after two');
  await runToy(toy, steps, { until: 'one' });
  const { events } = await runToy(toy, steps, { from: 'b', until: 'b' });
  expect(story(events, 'intent')).toEqual(['intent two']);
});

test('a part of the list that stands on a step which was done with another config is refused', async () => {
  await using toy = await createToy();
  await runToy(toy, [fileStep('one'), fileStep('two')], { until: 'one' });
  const steps = [changed('one'), fileStep('two')];
  const { hash: plan } = makePlan(toyRunbook(toy, steps), 'main', await keyOf(toy));
  await expect(runToy(toy, steps, { plan, from: 'two' })).rejects.toThrow(
    'two needs one, which was done with another config',
  );
});

test('what a part of the list stands on is applied again with it, where it has drifted', async () => {
  await using toy = await createToy();
  const steps = [fileStep('one'), fileStep('two'), fileStep('three')];
  await runToy(toy, steps, { until: 'two' });
  await rm(join(toy.world.directory, 'two'));
  const stopped = await runToy(toy, steps, { from: 'three' });
  expect(stopped.outcome).toMatchObject({ result: 'drift', step: 'two' });
  const { outcome, events } = await runToy(toy, steps, { from: 'three', repair: true });
  expect(outcome).toEqual({ result: 'ok' });
  expect(story(events, 'intent')).toEqual(['intent two', 'intent three']);
});
