import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makePlan } from '../../src/engine/plan.ts';
import { openStateDirectory } from '../../src/journal/state-directory.ts';
import { createToy, fileStep, filesOf, runToy, startToy, story, toyRunbook, type ToyStep } from './toy.ts';

const three = [fileStep('one'), fileStep('two'), fileStep('three')];

test('before C1 a rollback undoes, last begun first, and the runbook can be run again', async () => {
  await using toy = await createToy();
  await runToy(toy, three);
  const { outcome, events } = await runToy(toy, three, { command: 'rollback' });
  expect(outcome).toEqual({ result: 'ok' });
  expect(story(events, 'undone', 'reset')).toEqual(['undone three', 'undone two', 'undone one', 'reset']);
  expect(await filesOf(toy)).toEqual([]);
  expect((await runToy(toy, three)).outcome).toEqual({ result: 'ok' });
  expect(await filesOf(toy)).toEqual(['one', 'three', 'two']);
});

test('a step that failed half-way is undone too', async () => {
  await using toy = await createToy();
  const apply = async (): Promise<void> => {
    await writeFile(join(toy.world.directory, 'two'), 'half');
    throw new Error('cut');
  };
  const steps = [fileStep('one'), fileStep('two', { apply })];
  await runToy(toy, steps);
  expect(await filesOf(toy)).toEqual(['one', 'two']);
  await runToy(toy, steps, { command: 'rollback' });
  expect(await filesOf(toy)).toEqual([]);
});

test('an undo that fails stops the rollback, and resume goes on with it', async () => {
  await using toy = await createToy();
  let broken = true;
  const undo = async (): Promise<void> => {
    if (broken) throw new Error('busy');
    await rm(join(toy.world.directory, 'two'));
  };
  const steps = [fileStep('one'), fileStep('two', { undo }), fileStep('three')];
  await runToy(toy, steps);
  const first = await runToy(toy, steps, { command: 'rollback' });
  expect(first.outcome).toMatchObject({ result: 'failed', step: 'two', reason: 'busy' });
  expect(await filesOf(toy)).toEqual(['one', 'two']);
  await expect(runToy(toy, steps, { command: 'run' })).rejects.toMatchObject({ code: 'USAGE' });
  broken = false;
  const second = await runToy(toy, steps, { command: 'resume' });
  expect(second.outcome).toEqual({ result: 'ok' });
  expect(await filesOf(toy)).toEqual([]);
});

test('an undo is proven: what still stands after it is a failure', async () => {
  await using toy = await createToy();
  const steps = [fileStep('one', { undo: async () => undefined })];
  await runToy(toy, steps);
  const { outcome } = await runToy(toy, steps, { command: 'rollback' });
  expect(outcome).toMatchObject({ result: 'failed', step: 'one' });
});

test('after a rollback that is complete there is nothing to resume', async () => {
  await using toy = await createToy();
  await runToy(toy, three);
  await runToy(toy, three, { command: 'rollback' });
  await expect(runToy(toy, three, { command: 'resume' })).rejects.toMatchObject({ code: 'USAGE' });
  expect(await filesOf(toy)).toEqual([]);
});

test('an irreversible step stays', async () => {
  await using toy = await createToy();
  const steps = [fileStep('one'), fileStep('two', { kind: 'irreversible' })];
  await runToy(toy, steps);
  expect((await runToy(toy, steps, { command: 'rollback' })).outcome).toEqual({ result: 'ok' });
  expect(await filesOf(toy)).toEqual(['two']);
});

test('past C1 a rollback is a move in the other direction, which can itself be interrupted and resumed', async () => {
  await using toy = await createToy();
  const steps = [fileStep('one'), fileStep('two', { commitPoint: 'C1' })];
  const back = (id: string) =>
    fileStep(`remove-${id}`, {
      phase: 'c-move',
      check: async () => ({
        state: (await filesOf(toy)).includes(id) ? 'absent' : 'satisfied',
        evidence: {},
      }),
      apply: async ({ world }) => rm(join(world.directory, id)),
    });
  const more = { rollbackAfterCommit: [back('two'), back('one')] };
  await runToy(toy, steps, { more });
  const run = startToy(toy, steps, { command: 'rollback', more });
  for await (const event of run.events) if (event.type === 'intent') run.drain();
  expect(await run.outcome).toMatchObject({ result: 'interrupted' });
  expect(await filesOf(toy)).toEqual(['one']);
  const { outcome } = await runToy(toy, steps, { command: 'resume', more });
  expect(outcome).toEqual({ result: 'ok' });
  expect(await filesOf(toy)).toEqual([]);
  // And forward again, past C1 anew.
  const again = await runToy(toy, steps, { more });
  expect(story(again.events, 'commit')).toEqual(['commit two']);
});

test('C1 is passed when the step is begun, even when it then fails', async () => {
  await using toy = await createToy();
  const apply = async (): Promise<void> => {
    throw new Error('half a write?');
  };
  const steps = [fileStep('one', { commitPoint: 'C1', apply })];
  await runToy(toy, steps);
  const { events } = await runToy(toy, steps, {
    command: 'rollback',
    more: { rollbackAfterCommit: [fileStep('back')] },
  });
  expect(story(events, 'undo.intent', 'intent')).toEqual(['intent back']);
});

test('past C2 there is no way back', async () => {
  await using toy = await createToy();
  const steps = [fileStep('one', { commitPoint: 'C2' })];
  await runToy(toy, steps);
  await expect(runToy(toy, steps, { command: 'rollback' })).rejects.toMatchObject({ code: 'USAGE' });
  expect(await filesOf(toy)).toEqual(['one']);
});

test('a list of the runbook’s own starts over each time, unless the last was cut off', async () => {
  await using toy = await createToy();
  const more = {
    lists: {
      'reboot-proof': [
        fileStep('boot', {
          check: async () => ({ state: 'absent', evidence: {} }),
          verify: async () => ({ up: true }),
        }),
      ],
    },
  };
  for (const _time of [1, 2]) {
    const { outcome, events } = await runToy(toy, [], { list: 'reboot-proof', more });
    expect(outcome).toEqual({ result: 'ok' });
    expect(story(events, 'intent')).toEqual(['intent boot']);
  }
  await expect(runToy(toy, [], { command: 'resume', more })).rejects.toMatchObject({ code: 'USAGE' });
});

test('a runner that died between the end of a rollback and saying so leaves nothing to resume', async () => {
  await using toy = await createToy();
  await runToy(toy, three);
  await runToy(toy, three, { command: 'rollback' });
  const journal = join(toy.stateDirectory, 'journal.jsonl');
  const lines = (await readFile(journal, 'utf8')).trimEnd().split('\n');
  expect(lines.pop()).toContain('run.ended');
  await writeFile(journal, `${lines.join('\n')}\n`);
  await expect(runToy(toy, three, { command: 'resume' })).rejects.toMatchObject({ code: 'USAGE' });
  expect(await filesOf(toy)).toEqual([]);
});

test('a rollback with another config than the one that was done is refused, and undoes nothing', async () => {
  await using toy = await createToy();
  await runToy(toy, three);
  const changed = fileStep('two', { inputs: () => 'another name' });
  for (const steps of [
    [fileStep('one'), changed, fileStep('three')],
    [fileStep('one'), fileStep('three')],
    [fileStep('one'), fileStep('two', { version: 2 }), fileStep('three')],
  ]) {
    await expect(runToy(toy, steps, { command: 'rollback' })).rejects.toMatchObject({
      code: 'PLAN_STALE',
      message: expect.stringContaining('two was done with another config'),
    });
  }
  expect(await filesOf(toy)).toEqual(['one', 'three', 'two']);
  expect((await runToy(toy, three, { command: 'rollback' })).outcome).toEqual({ result: 'ok' });
  expect(await filesOf(toy)).toEqual([]);
});

test('what was made with two configs is undone with the last, and the report says what that misses', async () => {
  await using toy = await createToy();
  await runToy(toy, three);
  const changed = [fileStep('one'), fileStep('two', { inputs: () => 'another name' }), fileStep('three')];
  const key = (await openStateDirectory(toy.stateDirectory)).key;
  await rm(join(toy.world.directory, 'two'));
  await runToy(toy, changed, { plan: makePlan(toyRunbook(toy, changed), 'main', key).hash });
  const { events } = await runToy(toy, changed, { command: 'rollback' });
  const undone = events.filter((event) => event.type === 'undone');
  expect(undone.map(({ step, evidence }) => [step, 'leavesToo' in evidence])).toEqual([
    ['three', false],
    ['two', true],
    ['one', false],
  ]);
});

test('there is nothing to roll back where nothing has run', async () => {
  await using toy = await createToy();
  await expect(runToy(toy, three, { command: 'rollback' })).rejects.toMatchObject({ code: 'USAGE' });
});

test('a rollback that has changed nothing bars no run, and a resume goes on with it', async () => {
  await using toy = await createToy();
  const steps = [fileStep('one'), fileStep('two', { commitPoint: 'C1' }), fileStep('three')];
  let reached = false;
  const look: ToyStep = {
    id: 'reach',
    version: 1,
    phase: 'a-stage',
    title: 'reach',
    kind: 'reversible',
    timeout: 5000,
    inputs: () => '',
    check: async () =>
      reached
        ? { state: 'satisfied', evidence: {} }
        : { state: 'unknown', evidence: {}, reason: 'the old host does not answer' },
  };
  const more = { rollbackAfterCommit: [look, fileStep('back')] };
  await runToy(toy, steps, { until: 'two', more });
  const held = await runToy(toy, steps, { command: 'rollback', more });
  expect(held.outcome).toMatchObject({ result: 'unsafe', step: 'reach' });
  expect((await runToy(toy, steps, { command: 'run', more })).outcome).toEqual({ result: 'ok' });
  expect(await filesOf(toy)).toEqual(['one', 'three', 'two']);
  await runToy(toy, steps, { command: 'rollback', more });
  reached = true;
  const { outcome, events } = await runToy(toy, steps, { command: 'resume', more });
  expect(outcome).toEqual({ result: 'ok' });
  expect(story(events, 'verified', 'reset')).toEqual(['verified reach', 'verified back', 'reset']);
});

test('a rollback that has begun bars a run', async () => {
  await using toy = await createToy();
  const steps = [fileStep('one', { commitPoint: 'C1' })];
  const broken = fileStep('later', { check: () => Promise.reject(new Error('no answer')) });
  const more = { rollbackAfterCommit: [fileStep('back'), broken] };
  await runToy(toy, steps, { more });
  await runToy(toy, steps, { command: 'rollback', more });
  await expect(runToy(toy, steps, { command: 'run', more })).rejects.toMatchObject({ code: 'USAGE' });
});

test('what a rollback found before it changed anything is looked at afresh', async () => {
  await using toy = await createToy();
  const steps = [fileStep('one', { commitPoint: 'C1' })];
  let answers = false;
  const later = fileStep('later', {
    check: async () =>
      answers
        ? { state: 'satisfied', evidence: {} }
        : { state: 'unknown', evidence: {}, reason: 'no answer' },
  });
  const more = { rollbackAfterCommit: [fileStep('back'), later] };
  await runToy(toy, steps, { more });
  await writeFile(join(toy.world.directory, 'back'), 'back done');
  await runToy(toy, steps, { command: 'rollback', more });
  await rm(join(toy.world.directory, 'back'));
  answers = true;
  expect((await runToy(toy, steps, { command: 'rollback', more })).outcome).toEqual({ result: 'ok' });
  expect(await filesOf(toy)).toEqual(['back', 'one']);
});

test('a journal that found a step done undoes it where the step says so, and no other', async () => {
  await using toy = await createToy();
  const steps = [fileStep('one'), fileStep('two', { undoFound: true }), fileStep('three')];
  await runToy(toy, steps, { until: 'two' });
  await rm(toy.stateDirectory, { recursive: true });
  await runToy(toy, steps);
  const { outcome, events } = await runToy(toy, steps, { command: 'rollback' });
  expect(outcome).toEqual({ result: 'ok' });
  expect(story(events, 'undone')).toEqual(['undone three', 'undone two']);
  expect(await filesOf(toy)).toEqual(['one']);
});

test('an error that the runbook calls unsafe is a hold, in an apply and in an undo', async () => {
  await using toy = await createToy();
  const lost = (): Promise<never> => Promise.reject(new Error('the host was lost'));
  const more = { isUnsafe: (error: unknown) => error instanceof Error && error.message.includes('lost') };
  const held = { result: 'unsafe', step: 'one', reason: 'the host was lost' };
  const steps = [fileStep('one', { apply: lost, undo: lost })];
  expect((await runToy(toy, steps, { more })).outcome).toMatchObject(held);
  expect((await runToy(toy, steps, { command: 'rollback', more })).outcome).toMatchObject(held);
});

test('a list of its own may pass C2, and knows which others were completed', async () => {
  await using toy = await createToy();
  let proven: string | undefined;
  const retire = fileStep('retire', {
    kind: 'irreversible',
    commitPoint: 'C2',
    async verify({ completed }) {
      proven = completed('proof');
      return {};
    },
  });
  const more = { lists: { proof: [fileStep('proved')], retire: [retire] } };
  await runToy(toy, three, { more });
  await runToy(toy, three, { list: 'retire', more, until: 'retire' });
  expect(proven).toBeUndefined();
  await runToy(toy, three, { list: 'proof', more });
  await rm(join(toy.world.directory, 'retire'));
  await runToy(toy, three, { list: 'retire', more });
  expect(proven).toMatch(/^20\d\d-/);
  await expect(runToy(toy, three, { command: 'rollback', more })).rejects.toThrow('C2 is passed');
  expect(await filesOf(toy)).toContain('one');
});

test('what another list proved before a rollback counts no longer after it', async () => {
  await using toy = await createToy();
  const known: (string | undefined)[] = [];
  const retire = fileStep('retire', {
    async check({ completed }) {
      known.push(completed('proof'));
      return { state: 'satisfied', evidence: {} };
    },
  });
  const more = { lists: { proof: [fileStep('proved')], retire: [retire] } };
  await runToy(toy, three, { more });
  await runToy(toy, three, { list: 'proof', more });
  await runToy(toy, three, { list: 'retire', more });
  await runToy(toy, three, { command: 'rollback', more });
  await runToy(toy, three, { more });
  await runToy(toy, three, { list: 'retire', more });
  expect(known).toEqual([expect.stringMatching(/^20\d\d-/), undefined]);
});
