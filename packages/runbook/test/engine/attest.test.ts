import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { attest } from '../../src/engine/attest.ts';
import { UsageError } from '../../src/engine/errors.ts';
import { createToy, fileStep, runToy, toyRunbook, type ToyStep } from './toy.ts';

const { signal } = new AbortController();
const word = { subject: 'old', how: 'power cut', by: 'Ada' };

/** A step about a host that does not answer, which a person's word stands in for. */
const silent: ToyStep = fileStep('silent', {
  async check({ attested }) {
    if (attested === undefined) throw new Error('old does not answer');
    return { state: 'satisfied', evidence: { attested: attested.facts } };
  },
});

test('a person’s word stands in the journal, bound by the runbook, and steps of the next run get it', async () => {
  await using toy = await createToy();
  const steps = [fileStep('one'), silent];
  const { outcome } = await runToy(toy, steps);
  expect(outcome).toMatchObject({ result: 'unsafe', step: 'silent' });
  const runbook = toyRunbook(toy, steps, {
    attest: async ({ runId, planHash, subject }) => ({ runId, planHash, subject }),
  });
  const { facts } = await attest(runbook, toy.stateDirectory, word, signal);
  expect(facts).toMatchObject({ subject: 'old', runId: expect.any(String), planHash: expect.any(String) });
  const resumed = await runToy(toy, steps, { command: 'resume' });
  expect(resumed.outcome).toEqual({ result: 'ok' });
  expect(resumed.events).toContainEqual(
    expect.objectContaining({ type: 'verified', step: 'silent', evidence: { attested: facts } }),
  );
  const journal = await readFile(join(toy.stateDirectory, 'journal.jsonl'), 'utf8');
  expect(journal).toContain('"type":"attested","subject":"old","how":"power cut","by":"Ada"');
});

test('a word that the runbook does not take, or about no run, is not written down', async () => {
  await using toy = await createToy();
  const refusing = toyRunbook(toy, [silent], {
    attest: () => Promise.reject(new UsageError('old answers')),
  });
  await expect(attest(refusing, toy.stateDirectory, word, signal)).rejects.toMatchObject({ code: 'USAGE' });
  await runToy(toy, [silent]);
  await expect(attest(refusing, toy.stateDirectory, word, signal)).rejects.toThrow('old answers');
  await expect(attest(toyRunbook(toy, [silent]), toy.stateDirectory, word, signal)).rejects.toMatchObject({
    code: 'USAGE',
  });
  expect(await readFile(join(toy.stateDirectory, 'journal.jsonl'), 'utf8')).not.toContain('attested');
});
