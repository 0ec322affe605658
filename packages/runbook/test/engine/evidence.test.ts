import { expect, expectTypeOf, test } from 'vitest';
import { type Step, stepFor } from '../../src/engine/step.ts';
import { createToy, runToy, type ToyWorld } from './toy.ts';

const step = stepFor<ToyWorld>();
const common = {
  version: 1,
  phase: 'a-stage',
  kind: 'reversible',
  timeout: 5000,
  inputs: () => null,
} as const;

const counted = step({
  ...common,
  id: 'counted',
  title: 'count',
  async check({ world }) {
    if (world.directory === '') return { state: 'absent', evidence: {} };
    if (world.directory === '/') return { state: 'conflict', evidence: { root: true }, reason: 'the root' };
    return { state: 'satisfied', evidence: { heads: { main: 'abc' }, files: 2 } };
  },
});

const mixed = step({
  ...common,
  id: 'mixed',
  title: 'one result for two states',
  async check({ world }) {
    const evidence = { directory: world.directory };
    return { state: world.directory === '' ? 'absent' : 'satisfied', evidence };
  },
});

const verified = step({
  ...common,
  id: 'verified',
  title: 'verify by more than check looks at',
  needs: [counted],
  check: async () => ({ state: 'satisfied', evidence: { seen: 'a little' } }),
  async verify({ evidence }) {
    const { heads, files } = evidence(counted);
    expectTypeOf(heads.main).toEqualTypeOf<string>();
    return { doubled: files * 2, main: heads.main };
  },
});

test('the type of a step’s evidence is that of its verify, or else of what check calls satisfied', () => {
  expectTypeOf(counted).toEqualTypeOf<Step<ToyWorld, { heads: { main: string }; files: number }>>();
  expectTypeOf(mixed).toEqualTypeOf<Step<ToyWorld, { directory: string }>>();
  expectTypeOf(verified).toEqualTypeOf<Step<ToyWorld, { doubled: number; main: string }>>();
  expectTypeOf([counted, mixed, verified]).toExtend<readonly Step<ToyWorld>[]>();
  expectTypeOf<Step<ToyWorld, { files: number }>>().not.toExtend<Step<ToyWorld, { files: string }>>();
});

test('evidence is read by the step that found it', async () => {
  await using toy = await createToy();
  const seen: { doubled: number; main: string }[] = [];
  const last = step({
    ...common,
    id: 'last',
    title: 'read it',
    check: async ({ evidence }) => {
      seen.push(evidence(verified));
      return { state: 'satisfied', evidence: {} };
    },
  });
  expect((await runToy(toy, [counted, verified, last])).outcome).toEqual({ result: 'ok' });
  expect(seen).toEqual([{ doubled: 4, main: 'abc' }]);
});

test('evidence of another version of the step is not taken: it may have another shape', async () => {
  await using toy = await createToy();
  const last = step({
    ...common,
    id: 'last',
    title: 'read it',
    async verify({ evidence }) {
      return { files: evidence({ ...counted, version: 2 }).files };
    },
  });
  const { outcome } = await runToy(toy, [counted, last]);
  expect(outcome).toMatchObject({ result: 'failed', error: { code: 'RUNBOOK_INVALID' } });
});
