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
