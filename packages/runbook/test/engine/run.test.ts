import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createToy, fileStep, filesOf, runToy, startToy, story } from './toy.ts';

test('a run performs each step, intent before effect and evidence after it', async () => {
  await using toy = await createToy();
  const { outcome, events } = await runToy(toy, [fileStep('one'), fileStep('two')]);
  expect(outcome).toEqual({ result: 'ok' });
  expect(await filesOf(toy)).toEqual(['one', 'two']);
  expect(story(events)).toEqual([
    'plan',
    'run.started',
    ...['one', 'two'].flatMap((id) => [`looking ${id}`, `intent ${id}`, `applied ${id}`, `verified ${id}`]),
    'run.ended',
  ]);
});

test('a second run changes nothing', async () => {
  await using toy = await createToy();
  await runToy(toy, [fileStep('one')]);
  const { outcome, events } = await runToy(toy, [fileStep('one')]);
  expect(outcome).toEqual({ result: 'ok' });
  expect(story(events, 'intent', 'verified')).toEqual([]);
});

test('what is there already is adopted, and not undone by a rollback', async () => {
  await using toy = await createToy();
  await writeFile(join(toy.world.directory, 'one'), 'one done');
  const steps = [fileStep('one'), fileStep('two')];
  const { events } = await runToy(toy, steps);
  expect(story(events, 'intent')).toEqual(['intent two']);
  await runToy(toy, steps, { command: 'rollback' });
  expect(await filesOf(toy)).toEqual(['one']);
});

test.each(['unknown', 'conflict'] as const)('%s stops the run before anything is done', async (state) => {
  await using toy = await createToy();
  const stuck = fileStep('one', { check: async () => ({ state, evidence: {}, reason: 'not ours' }) });
  const { outcome, events } = await runToy(toy, [stuck, fileStep('two')]);
  expect(outcome).toMatchObject({ result: 'unsafe', step: 'one', reason: `${state}: not ours` });
  expect(story(events, 'intent', 'stopped')).toEqual(['stopped one']);
  expect(await filesOf(toy)).toEqual([]);
});

test('a check that throws is unknown, never absent', async () => {
  await using toy = await createToy();
  const check = async (): Promise<never> => {
    throw new Error('no route to host');
  };
  const { outcome } = await runToy(toy, [fileStep('one', { check })]);
  expect(outcome).toMatchObject({ result: 'unsafe', reason: 'unknown: no route to host' });
  expect(await filesOf(toy)).toEqual([]);
});

test('a step that fails ends the run, and resume goes on from it', async () => {
  await using toy = await createToy();
  let broken = true;
  const one = fileStep('one');
  const two = fileStep('two', {
    async apply(context) {
      if (broken) throw new Error('disk full');
      await fileStep('two').apply?.(context);
    },
  });
  const first = await runToy(toy, [one, two, fileStep('three')]);
  expect(first.outcome).toMatchObject({ result: 'failed', step: 'two', reason: 'disk full' });
  expect(await filesOf(toy)).toEqual(['one']);
  broken = false;
  const second = await runToy(toy, [one, two, fileStep('three')], { command: 'resume' });
  expect(second.outcome).toEqual({ result: 'ok' });
  expect(story(second.events, 'intent')).toEqual(['intent two', 'intent three']);
});

test('an apply that leaves less than it should fails its step', async () => {
  await using toy = await createToy();
  const apply = async (): Promise<void> => writeFile(join(toy.world.directory, 'one'), 'half');
  const { outcome } = await runToy(toy, [fileStep('one', { apply })]);
  expect(outcome).toMatchObject({ result: 'failed', step: 'one' });
  expect(outcome.reason).toContain('partial');
});

test(
  'a step that outlives its timeout fails, even when it does not heed its signal',
  { timeout: 15_000 },
  async () => {
    await using toy = await createToy();
    const apply = (): Promise<void> => new Promise(() => undefined);
    const { outcome } = await runToy(toy, [fileStep('one', { apply, timeout: 50 })]);
    expect(outcome).toMatchObject({ result: 'failed', step: 'one', error: { code: 'STEP_TIMEOUT' } });
  },
);

test('only errors known to pass are tried again', async () => {
  await using toy = await createToy();
  let left = 2;
  const flaky = fileStep('one', {
    retry: { attempts: 3, delay: 1, when: (error) => error instanceof RangeError },
    async apply(context) {
      left -= 1;
      if (left >= 0) throw left === 1 ? new RangeError('passes') : new Error('does not pass');
      await fileStep('one').apply?.(context);
    },
  });
  const first = await runToy(toy, [flaky]);
  expect(first.outcome).toMatchObject({ result: 'failed', reason: 'does not pass' });
  expect(story(first.events, 'intent', 'failed')).toEqual([
    'intent one',
    'failed one',
    'intent one',
    'failed one',
  ]);
  expect((await runToy(toy, [flaky], { command: 'resume' })).outcome).toEqual({ result: 'ok' });
});

test('steps that do not need each other run at the same time; a commit point waits for all', async () => {
  await using toy = await createToy();
  let together = 0;
  let most = 0;
  const slow = async (
    context: Parameters<NonNullable<ReturnType<typeof fileStep>['apply']>>[0],
    id: string,
  ) => {
    together += 1;
    most = Math.max(most, together);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await fileStep(id).apply?.(context);
    together -= 1;
  };
  const parallel = (id: string, more = {}) =>
    fileStep(id, { needs: [], apply: (context) => slow(context, id), ...more });
  const steps = [
    parallel('one'),
    parallel('two'),
    parallel('three', { commitPoint: 'C1' }),
    parallel('four'),
  ];
  const { outcome, events } = await runToy(toy, steps);
  expect(outcome).toEqual({ result: 'ok' });
  expect(most).toBe(2);
  expect(story(events, 'intent', 'commit').slice(2)).toEqual(['intent three', 'commit three', 'intent four']);
});

test('evidence of an earlier step is there for a later one, and only then', async () => {
  await using toy = await createToy();
  let seen: unknown;
  const two = fileStep('two', {
    async verify({ evidence }) {
      seen = evidence(fileStep('one'));
      return { two: 2 };
    },
  });
  expect((await runToy(toy, [fileStep('one'), two])).outcome).toEqual({ result: 'ok' });
  expect(seen).toEqual({ text: 'one done' });

  await using other = await createToy();
  const asksTooEarly = fileStep('zero', { verify: async ({ evidence }) => evidence(fileStep('one')) });
  const { outcome } = await runToy(other, [asksTooEarly, fileStep('one')]);
  expect(outcome).toMatchObject({ result: 'failed', error: { code: 'RUNBOOK_INVALID' } });
});

test('drain lets the running step end and begins no other', async () => {
  await using toy = await createToy();
  const steps = [fileStep('one'), fileStep('two')];
  const run = startToy(toy, steps);
  for await (const event of run.events) if (event.type === 'intent') run.drain();
  expect(await run.outcome).toMatchObject({ result: 'interrupted', step: 'two' });
  expect(await filesOf(toy)).toEqual(['one']);
  expect((await runToy(toy, steps, { command: 'resume' })).outcome).toEqual({ result: 'ok' });
});

test('abort cuts off the running step, and resume finds out how far it came', async () => {
  await using toy = await createToy();
  let hang = true;
  const one = fileStep('one', {
    async apply(context) {
      await writeFile(join(context.world.directory, 'one'), 'one');
      if (hang) await new Promise((_, reject) => context.signal.addEventListener('abort', reject));
      await fileStep('one').apply?.(context);
    },
  });
  const run = startToy(toy, [one]);
  for await (const event of run.events) if (event.type === 'intent') setTimeout(() => run.abort(), 20);
  expect(await run.outcome).toMatchObject({ result: 'interrupted', step: 'one' });
  hang = false;
  const { outcome, events } = await runToy(toy, [one], { command: 'resume' });
  expect(outcome).toEqual({ result: 'ok' });
  expect(events.find((event) => event.type === 'intent')).toMatchObject({ found: 'partial', attempt: 2 });
});

test('an operation that was recorded is found again before anything is looked at', async () => {
  await using toy = await createToy();
  const calls: string[] = [];
  let hang = true;
  const one = fileStep('one', {
    async apply(context) {
      await context.operation('op-17');
      if (hang) await new Promise((_, reject) => context.signal.addEventListener('abort', reject));
    },
    async reattach(context, operation) {
      calls.push(operation);
      await fileStep('one').apply?.(context);
    },
  });
  const run = startToy(toy, [one]);
  for await (const event of run.events) if (event.type === 'op') run.abort();
  await run.outcome;
  hang = false;
  const { outcome, events } = await runToy(toy, [one], { command: 'resume' });
  expect(outcome).toEqual({ result: 'ok' });
  expect(calls).toEqual(['op-17']);
  expect(events.find((event) => event.type === 'verified')).toMatchObject({ how: 'recovered' });
});

test('no secret gets into the journal, whatever a step does with it', async () => {
  await using toy = await createToy();
  const secret = 'tr0ub4dor&3 "quoted"';
  const one = fileStep('one', {
    async verify({ progress }) {
      progress(`using ${secret}`);
      return { [secret]: secret, encoded: Buffer.from(secret).toString('base64') };
    },
  });
  const two = fileStep('two', {
    async apply() {
      throw new Error(`login with ${secret} failed`, { cause: new Error(encodeURIComponent(secret)) });
    },
  });
  const { events } = await runToy(toy, [one, two], { more: { secretsToRedact: [secret] } });
  const text = JSON.stringify(events) + (await readFile(join(toy.stateDirectory, 'journal.jsonl'), 'utf8'));
  for (const form of ['tr0ub4dor', Buffer.from(secret).toString('base64'), encodeURIComponent(secret)]) {
    expect(text).not.toContain(form);
  }
  expect(text).toContain('[redacted]');
});
