import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { htmlReport } from '../../src/report/html.ts';
import { html } from '../../src/report/html-text.ts';
import { markdownReport } from '../../src/report/markdown.ts';
import type { Report } from '../../src/report/model.ts';
import { readReport, totalDowntime } from '../../src/report/read-report.ts';
import { createToy, fileStep, runToy, startToy, type Toy, type ToyStep } from '../engine/toy.ts';

const reportOf = (toy: Toy): Promise<Report> => readReport(join(toy.stateDirectory, 'journal.jsonl'));

test('a report tells each step, its evidence, the attempts and the errors', async () => {
  await using toy = await createToy();
  let broken = true;
  const two = fileStep('two', {
    async apply(context) {
      if (broken) throw new Error('disk full');
      await fileStep('two').apply?.(context);
    },
  });
  await runToy(toy, [fileStep('one'), two]);
  broken = false;
  await runToy(toy, [fileStep('one'), two], {
    command: 'resume',
    more: { standIns: ['a folder stands for a host'] },
  });
  const report = await reportOf(toy);
  expect(report).toMatchObject({
    runbook: 'toy',
    result: 'ok',
    runs: [{ result: 'failed' }, { result: 'ok' }],
  });
  expect(report.lists.get('main')?.get('two')).toMatchObject({
    state: 'verified',
    attempts: 2,
    evidence: { text: 'two done' },
    errors: [{ during: 'apply', error: { message: 'disk full' } }],
  });
  const markdown = markdownReport(report);
  expect(markdown).toContain('text: two done');
  expect(htmlReport(report)).toContain('disk full');
});

test('downtime is from the loops’ stop to their return, over an interruption too', async () => {
  await using toy = await createToy();
  let hang = true;
  const stop = fileStep('stop', {
    verify: async ({ downtime }) => {
      await downtime('begins');
      return {};
    },
  });
  const start = fileStep('start', {
    async apply(context) {
      if (hang) throw new Error('not yet');
      await fileStep('start').apply?.(context);
      await context.downtime('ends');
    },
  });
  await runToy(toy, [stop, start]);
  expect(totalDowntime(await reportOf(toy))).toBeUndefined();
  await sleep(60);
  hang = false;
  await runToy(toy, [stop, start], { command: 'resume' });
  expect(totalDowntime(await reportOf(toy))).toBeGreaterThanOrEqual(55);
});

test('a downtime ends with the step that ends it, also where its runner was killed before it said so', async () => {
  await using toy = await createToy();
  const begins = (id: string) =>
    fileStep(id, {
      verify: async ({ downtime }) => {
        await downtime('begins');
        return {};
      },
    });
  const start = fileStep('start', {
    async apply(context) {
      await fileStep('start').apply?.(context);
      throw new Error('killed');
    },
  });
  const steps = [begins('stop'), start, begins('stop-again')];
  const more = { downtimeEndsWith: [start] };
  await runToy(toy, steps, { more });
  await runToy(toy, steps, { command: 'resume', more });
  expect((await reportOf(toy)).downtimes).toMatchObject([
    { milliseconds: expect.any(Number) },
    { milliseconds: undefined },
  ]);
});

test('gates, owners, commit points, drift and rollbacks are in it', async () => {
  await using toy = await createToy();
  const steps: ToyStep[] = [
    fileStep('one', {
      gate: { kind: 'approval', question: 'Really?', timeout: 5000 },
      verify: async ({ owner }) => {
        await owner('vm', 42);
        return {};
      },
    }),
  ];
  await runToy(toy, steps, { decide: async () => ({ decision: 'approved', by: 'ada', note: 'go' }) });
  await runToy(toy, steps, { command: 'rollback' });
  const report = await reportOf(toy);
  expect(report.gates).toMatchObject([
    { step: 'one', answer: 'approved', by: 'ada', note: 'go', text: 'Really?' },
  ]);
  expect(report.owners).toMatchObject([{ owner: 'vm', epoch: 42 }]);
  expect(report.rollbacks).toHaveLength(1);
  expect(report.lists.get('main')?.get('one')?.state).toBe('undone');
});

test('a runner that was killed shows as cut off', async () => {
  await using toy = await createToy();
  await runToy(toy, [fileStep('one')]);
  const run = startToy(toy, [fileStep('one')]);
  await run.outcome;
  const report = await reportOf(toy);
  const [first] = report.runs;
  expect(
    markdownReport({ ...report, runs: first === undefined ? [] : [{ ...first, result: undefined }] }),
  ).toContain('cut off');
});

const hostile =
  '<img src=x onerror=alert(1)> "quoted" & \'more\' </script> | pipe *bold* [link](http://evil)';

test('whatever a host says is shown as text', async () => {
  await using toy = await createToy();
  const one = fileStep('one', { title: hostile, verify: async () => ({ [hostile]: hostile }) });
  const two = fileStep('two', { apply: async () => Promise.reject(new Error(hostile)) });
  await runToy(toy, [one, two], { more: { name: hostile, standIns: [hostile] } });
  const report = await reportOf(toy);
  const page = htmlReport(report);
  expect(page).not.toContain('<img');
  expect(page).not.toContain('</script>');
  const rows = markdownReport(report)
    .split('\n')
    .filter((line) => line.startsWith('| one'));
  expect(rows).toHaveLength(1);
  expect(rows[0]).not.toMatch(/(?<!\\)[<*[]/);
});

test('no text can leave its place in the page', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const inner = html`<a title="${text}">${text}</a>`.html.slice('<a title="'.length, -'</a>'.length);
      expect(inner.replace('">', '')).not.toMatch(/[<>"']/);
    }),
  );
});

test('the printed page shows all evidence, whatever is open on the screen', async () => {
  await using toy = await createToy();
  await runToy(toy, [fileStep('one')]);
  const page = htmlReport(await reportOf(toy));
  // Browsers hide what stands in a closed disclosure on paper too: the evidence stands beside it.
  expect(page).toMatch(/<\/summary>\s*<\/details>\s*<div class="body">/);
  expect(page).toMatch(/@media print \{.*\.step > \.body \{ display: block; \}/);
});
