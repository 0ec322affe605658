import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createToy, fileStep, filesOf, runToy, story, type ToyStep } from './toy.ts';

const commit: ToyStep = fileStep('two', { kind: 'irreversible', commitPoint: 'C1' });
const steps = [fileStep('one'), commit, fileStep('three')];

/** A way back that stops what runs, and then finds that the old host does not answer. */
const back = [
  fileStep('back-stop', {
    async apply({ world }) {
      await rm(join(world.directory, 'three'));
      await fileStep('back-stop').apply?.({ world } as never);
    },
  }),
  fileStep('back-start', { check: () => Promise.reject(new Error('old does not answer')) }),
];

test('a way back that cannot be completed is given up, and the run goes forward again', async () => {
  await using toy = await createToy();
  const more = { rollbackAfterCommit: back };
  await runToy(toy, steps, { more });
  const { outcome } = await runToy(toy, steps, { command: 'rollback', more });
  expect(outcome).toMatchObject({ result: 'unsafe', step: 'back-start' });
  expect(await filesOf(toy)).not.toContain('three');
  await expect(runToy(toy, steps, { more })).rejects.toThrow('run --forward');
  const forward = await runToy(toy, steps, { more, forward: true });
  expect(forward.outcome).toEqual({ result: 'ok' });
  expect(story(forward.events, 'rollback.abandoned', 'verified')).toEqual([
    'rollback.abandoned',
    'verified three',
  ]);
  expect(await filesOf(toy)).toContain('three');
  await expect(runToy(toy, steps, { more, forward: true })).rejects.toThrow('nothing to give up');
});

test('a way back that came past the commit point and is given up starts the move over, and asks its gates', async () => {
  await using toy = await createToy();
  const gate = { kind: 'approval', question: 'Move it?', timeout: 10_000 } as const;
  const gated = [fileStep('one', { gate }), commit, fileStep('three')];
  const asked: string[] = [];
  const decide = async ({ step }: { readonly step: string }) => {
    asked.push(step);
    return { decision: 'approved', by: 'ada' } as const;
  };
  const granted = fileStep('back-grant', {
    async apply(context) {
      for (const name of ['one', 'two', 'three']) await rm(join(toy.world.directory, name));
      await fileStep('back-grant').apply?.(context);
    },
  });
  let committed = (): Promise<boolean> => Promise.reject(new Error('the forge does not answer'));
  const more = { rollbackAfterCommit: [granted, ...back.slice(1)], isCommitted: () => committed() };
  await runToy(toy, gated, { more, decide });
  await runToy(toy, gated, { command: 'rollback', more });
  await expect(runToy(toy, gated, { more, forward: true })).rejects.toThrow('the forge does not answer');
  committed = async () => false;
  const forward = await runToy(toy, gated, { more, forward: true, decide });
  expect(forward.outcome).toEqual({ result: 'ok' });
  expect(story(forward.events, 'reset', 'drift', 'rollback.abandoned', 'commit')).toEqual([
    'reset',
    'commit two',
  ]);
  expect(asked).toEqual(['one', 'one']);
});

test('a way back that has only looked keeps no one from going forward', async () => {
  await using toy = await createToy();
  const more = { rollbackAfterCommit: back.slice(1) };
  await runToy(toy, steps, { more });
  await runToy(toy, steps, { command: 'rollback', more });
  expect((await runToy(toy, steps, { more })).outcome).toEqual({ result: 'ok' });
});

test('what must hold at all times is applied again without asking', async () => {
  await using toy = await createToy();
  const revoked = [fileStep('one'), fileStep('two', { reapply: true })];
  await runToy(toy, revoked);
  await rm(join(toy.world.directory, 'two'));
  const { outcome, events } = await runToy(toy, revoked);
  expect(outcome).toEqual({ result: 'ok' });
  expect(story(events, 'drift', 'verified')).toEqual(['drift two', 'verified two']);
  await rm(join(toy.world.directory, 'one'));
  expect((await runToy(toy, revoked)).outcome).toMatchObject({ result: 'drift', step: 'one' });
});
