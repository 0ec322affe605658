import { cp, rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { JournalWitness } from '../../src/engine/claim.ts';
import { createToy, fileStep, filesOf, runToy, story, type ToyStep } from './toy.ts';

const commit: ToyStep = fileStep('two', { kind: 'irreversible', commitPoint: 'C1' });
const steps = [fileStep('one'), commit, fileStep('three')];
const back = { rollbackAfterCommit: [fileStep('back')] };

test('a journal from before the commit point rolls back by the reverse move, as the world says', async () => {
  await using toy = await createToy();
  await runToy(toy, steps, { until: 'one', more: back });
  await cp(toy.stateDirectory, `${toy.stateDirectory}-copy`, { recursive: true });
  await runToy(toy, steps, { more: back });
  const more = { ...back, isCommitted: async () => true };
  const copy = { ...toy, stateDirectory: `${toy.stateDirectory}-copy` };
  const { outcome, events } = await runToy(copy, steps, { command: 'rollback', more });
  expect(outcome).toEqual({ result: 'ok' });
  expect(story(events, 'verified', 'undone')).toEqual(['verified back']);
  expect(await filesOf(toy)).toEqual(['back', 'one', 'three', 'two']);
});

test('a rollback begins nothing when the world cannot say whether the commit point is passed', async () => {
  await using toy = await createToy();
  await runToy(toy, steps, { until: 'one', more: back });
  const isCommitted = (): Promise<boolean> => Promise.reject(new Error('no answer'));
  const rollback = runToy(toy, steps, { command: 'rollback', more: { ...back, isCommitted } });
  await expect(rollback).rejects.toThrow('no answer');
  expect(await filesOf(toy)).toEqual(['one']);
});

test('a fresh journal that finds the commit point passed records it', async () => {
  await using toy = await createToy();
  await runToy(toy, steps, { more: back });
  await rm(toy.stateDirectory, { recursive: true });
  const { events } = await runToy(toy, steps, { more: back });
  expect(story(events, 'commit')).toEqual(['commit two']);
  const { events: rolled } = await runToy(toy, steps, { command: 'rollback', more: back });
  expect(story(rolled, 'verified', 'undone')).toEqual(['verified back']);
});

test('a claim is taken before anything is looked at, and let go with how far the journal is', async () => {
  await using toy = await createToy();
  const taken: JournalWitness[] = [];
  const released: unknown[] = [];
  const claim = async (witness: JournalWitness) => {
    taken.push(witness);
    return { release: async (at: object) => void released.push(at) };
  };
  await runToy(toy, steps, { until: 'one', more: { claim } });
  await runToy(toy, steps, { command: 'resume', more: { claim } });
  expect(taken[0]).toMatchObject({ begun: false, end: { seq: 0 } });
  expect(released[0]).toMatchObject({
    begun: true,
    end: { seq: taken[1]?.end.seq, hash: taken[1]?.end.hash },
  });
  const { end, contains } = taken[1] as JournalWitness;
  expect(await contains(end)).toBe(true);
  expect(await contains({ ...end, hash: 'another' })).toBe(false);
  expect(await contains({ seq: end.seq + 1000, hash: end.hash })).toBe(false);
});

test('a claim that is refused leaves everything as it is', async () => {
  await using toy = await createToy();
  const claim = () => Promise.reject(new Error('another operator'));
  await expect(runToy(toy, steps, { more: { claim } })).rejects.toThrow('another operator');
  expect(await filesOf(toy)).toEqual([]);
});

test('the claim is confirmed before a step acts that needs it, after its gate, and before it is undone', async () => {
  await using toy = await createToy();
  let mine = true;
  const asked: string[] = [];
  const claim = async () => ({
    confirm: async () => {
      asked.push(mine ? 'mine' : 'taken over');
      if (!mine) throw new Error('another operator has taken over');
    },
    release: async () => undefined,
  });
  const gate = { kind: 'approval', question: 'Go on?', timeout: 60_000 } as const;
  const guarded = [
    fileStep('one', { needsClaim: true }),
    fileStep('two', { needsClaim: true, gate }),
    fileStep('three'),
  ];
  const decide = async () => {
    mine = false;
    return { decision: 'approved', by: 'ada' } as const;
  };
  const held = { result: 'unsafe', reason: 'another operator has taken over' };
  const run = await runToy(toy, guarded, { more: { claim }, decide });
  expect(run.outcome).toMatchObject({ ...held, step: 'two' });
  expect(await filesOf(toy)).toEqual(['one']);
  const rollback = await runToy(toy, guarded, { command: 'rollback', more: { claim } });
  expect(rollback.outcome).toMatchObject({ ...held, step: 'one' });
  expect(await filesOf(toy)).toEqual(['one']);
  expect(asked).toEqual(['mine', 'taken over', 'taken over']);
});
