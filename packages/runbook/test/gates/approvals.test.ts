import { execFile } from 'node:child_process';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { findGate } from '../../src/commands/answer.ts';
import type { EngineEvent } from '../../src/engine/events.ts';
import { bindAnswer, type Decision, type GateAnswer } from '../../src/gates/answer.ts';
import { leaveAnswer, useApproval } from '../../src/gates/answer-box.ts';
import { receipts } from '../../src/gates/receipt.ts';
import { signAnswer } from '../../src/gates/signature.ts';
import { withdrawAnswer } from '../../src/gates/withdraw.ts';
import { Journal } from '../../src/journal/journal.ts';
import { readState } from '../../src/journal/read-state.ts';
import { createRedactor } from '../../src/journal/redactor.ts';
import { openStateDirectory, type StateDirectory } from '../../src/journal/state-directory.ts';
import {
  createToy,
  fileStep,
  filesOf,
  runToy,
  startToy,
  story,
  type Toy,
  type ToyOptions,
  type ToyStep,
} from '../engine/toy.ts';

const run = promisify(execFile);
const gated = (timeout = 20_000, more: Partial<ToyStep> = {}): ToyStep =>
  fileStep('two', { gate: { kind: 'approval', question: 'Stop the loops?', timeout }, ...more });

/** Runs until the gate stands open, and ends there. */
async function holdAtGate(toy: Toy, step: ToyStep, options: ToyOptions = {}): Promise<StateDirectory> {
  const held = startToy(toy, [step], options);
  for await (const { type } of held.events) if (type.startsWith('gate.')) held.drain();
  expect((await held.outcome).result).toBe('interrupted');
  return openStateDirectory(toy.stateDirectory);
}

/** Answers the gate of `two` while no runner is at work. */
async function answer(
  directory: StateDirectory,
  decision: Partial<Decision> = {},
  change: (answer: GateAnswer) => Promise<GateAnswer> = async (one) => one,
): Promise<void> {
  const gate = findGate(await readState(directory), 'two');
  const bound = bindAnswer(gate, { decision: 'approved', by: 'ada', ...decision });
  await leaveAnswer(directory.answers, await change(bound));
}

/** Writes an approval into the journal, as a runner does that dies before it begins the step. */
async function recordApproval(toy: Toy): Promise<void> {
  const directory = await openStateDirectory(toy.stateDirectory);
  const state = await readState(directory);
  const { nonce } = findGate(state, 'two');
  await using journal = await Journal.open(directory.journal, createRedactor([]), () => undefined);
  const [planned] = state.lists.get('main')?.plan ?? [];
  await journal.append(
    {
      type: 'gate.approved',
      step: 'two',
      stepVersion: 1,
      inputHash: planned?.inputHash ?? '',
      attempt: 0,
      nonce,
      by: 'ada',
    },
    { runId: state.runId ?? '', epoch: 0, list: 'main' },
  );
}

/** Runs with a person who approves each gate as it opens; with how often they were asked. */
async function runApproving(toy: Toy, step: ToyStep): Promise<{ result: string; asked: number }> {
  const { answers } = await openStateDirectory(toy.stateDirectory);
  const approving = startToy(toy, [step]);
  let asked = 0;
  for await (const event of approving.events) {
    if (event.type !== 'gate.open') continue;
    asked += 1;
    await leaveAnswer(answers, bindAnswer(event, { decision: 'approved', by: 'ada' }));
  }
  return { result: (await approving.outcome).result, asked };
}

test('an approval on which nothing was begun counts until its gate’s time is over', async () => {
  await using toy = await createToy();
  await holdAtGate(toy, gated());
  await recordApproval(toy);
  expect((await runToy(toy, [gated()])).outcome).toEqual({ result: 'ok' });

  await using late = await createToy();
  await holdAtGate(late, gated(300));
  await recordApproval(late);
  await sleep(310);
  const { outcome, events } = await runToy(late, [gated(30)], { command: 'resume' });
  expect(outcome.result).toBe('waiting');
  expect(story(events, 'gate.open', 'intent')).toEqual(['gate.open two']);
});

test('the approval of an attempt that failed serves no other', async () => {
  await using toy = await createToy();
  let broken = true;
  const check = async () => ({ state: 'absent' as const, evidence: { rig: 'running' } });
  const failing = gated(20_000, {
    check,
    verify: async () => ({}),
    apply: async () => {
      if (broken) throw new Error('no safe point');
    },
  });
  expect(await runApproving(toy, failing)).toEqual({ result: 'failed', asked: 1 });
  broken = false;
  expect(await runApproving(toy, failing)).toEqual({ result: 'ok', asked: 1 });
});

test.each([
  ['as it was shown', 'running', 0],
  ['otherwise', 'down', 1],
])('an attempt that was cut off is finished unasked only where the world is %s', async (_how, now, asked) => {
  await using toy = await createToy();
  let rig = 'running';
  let hang = true;
  const step = gated(20_000, {
    check: async () => ({ state: 'absent', evidence: { rig } }),
    verify: async () => ({}),
    apply: async ({ signal }) => {
      if (hang) await new Promise((_resolve, reject) => signal.addEventListener('abort', reject));
    },
  });
  const directory = await holdAtGate(toy, step);
  await answer(directory);
  const cut = startToy(toy, [step]);
  for await (const { type } of cut.events) if (type === 'intent') break;
  // What a killed runner leaves: an intent, and nothing after it.
  const journal = await readState(directory);
  expect(journal.lists.get('main')?.steps.get('two')?.cutOff).toBe(true);
  const copy = { ...toy, stateDirectory: `${toy.stateDirectory}-killed` };
  await run('cp', ['-r', toy.stateDirectory, copy.stateDirectory]);
  cut.abort();
  await cut.outcome;
  hang = false;
  rig = now;
  expect(await runApproving(copy, step)).toEqual({ result: 'ok', asked });
});

test('a gate that waits is told again to whoever resumes', async () => {
  await using toy = await createToy();
  await holdAtGate(toy, gated());
  const resumed = startToy(toy, [gated()], { command: 'resume' });
  const seen: EngineEvent[] = [];
  for await (const event of resumed.events) {
    seen.push(event);
    if (event.type.startsWith('gate.')) resumed.drain();
  }
  expect(seen.find(({ type }) => type === 'gate.waiting')).toMatchObject({
    step: 'two',
    list: 'main',
    text: 'Stop the loops?',
    evidenceHash: expect.any(String),
  });
});

test('a gate of more than 24.8 days waits', async () => {
  await using toy = await createToy();
  const month = 31 * 86_400_000;
  const { answers } = await openStateDirectory(toy.stateDirectory);
  const waiting = startToy(toy, [gated(month, { timeout: month })]);
  let opened = 0;
  for await (const event of waiting.events) {
    if (event.type !== 'gate.open') continue;
    opened += 1;
    await sleep(20);
    await leaveAnswer(answers, bindAnswer(event, { decision: 'approved', by: 'ada' }));
  }
  expect([(await waiting.outcome).result, opened]).toEqual(['ok', 1]);
});

test('a receipt says what became of an answer, and it can be taken back until it is used', async () => {
  await using toy = await createToy();
  const directory = await holdAtGate(toy, gated());
  const read = () => readState(directory);
  const states = async () => (await receipts(await read(), directory.answers)).map(({ state }) => state);
  const withdraw = async () =>
    withdrawAnswer('two', directory.answers, { by: 'ada' }, await readState(directory));

  expect(await states()).toEqual([]);
  await expect(withdraw()).rejects.toMatchObject({ code: 'GATE_REFUSED' });
  await answer(directory);
  expect(await states()).toEqual(['queued']);
  await withdraw();
  expect(await states()).toEqual(['cancelled']);
  await answer(directory);
  expect(await states()).toEqual(['queued']);
  await withdraw();

  await recordApproval(toy);
  expect(await states()).toEqual(['delivered']);
  await withdraw();
  const held = await runToy(toy, [gated(30)]);
  expect(held.outcome.result).toBe('waiting');
  expect(story(held.events, 'gate.withdrawn', 'intent')).toEqual(['gate.withdrawn two']);

  expect(await runApproving(toy, gated())).toEqual({ result: 'ok', asked: 1 });
  expect(await states()).toEqual(['used']);
  await expect(withdraw()).rejects.toThrow('cannot be taken back: it is used');
});

test('an approval is taken back until the very moment at which its step begins, and is asked for again', async () => {
  await using toy = await createToy();
  const directory = await openStateDirectory(toy.stateDirectory);
  const withdraw = async () =>
    withdrawAnswer('two', directory.answers, { by: 'ada' }, await readState(directory));
  let confirms = 0;
  const claim = async () => ({
    async confirm() {
      // The approval is in the journal, and the claim is asked for over the network.
      confirms += 1;
      if (confirms === 1) await withdraw();
    },
    release: async () => undefined,
  });
  const apply: ToyStep['apply'] = async (context) => {
    await expect(withdraw()).rejects.toThrow('cannot be taken back: it is used');
    await fileStep('two').apply?.(context);
  };
  const { outcome, events } = await runToy(toy, [gated(20_000, { needsClaim: true, apply })], {
    more: { claim },
    decide: async () => ({ decision: 'approved', by: 'ada' }),
  });
  expect(outcome).toEqual({ result: 'ok' });
  expect(story(events, 'gate.approved', 'gate.withdrawn', 'intent')).toEqual([
    'gate.approved two',
    'gate.withdrawn two',
    'gate.approved two',
    'intent two',
  ]);
});

test('an approval that a runner used and did not come to act on is used by the next', async () => {
  await using toy = await createToy();
  const directory = await holdAtGate(toy, gated());
  const { nonce } = findGate(await readState(directory), 'two');
  await recordApproval(toy);
  await useApproval(directory.answers, nonce);
  const { outcome, events } = await runToy(toy, [gated()]);
  expect(outcome).toEqual({ result: 'ok' });
  expect(story(events, 'gate.open', 'gate.withdrawn')).toEqual([]);
});

test('an answer that was taken by a runner which died is found by the next', async () => {
  await using toy = await createToy();
  const directory = await holdAtGate(toy, gated());
  await answer(directory);
  const { nonce } = findGate(await readState(directory), 'two');
  const place = (name: string): string => join(directory.answers, `${nonce}${name}`);
  await run('mv', [place('.json'), place('.taken.json')]);
  await expect(answer(directory)).rejects.toMatchObject({ code: 'GATE_REFUSED' });
  expect((await runToy(toy, [gated()])).outcome).toEqual({ result: 'ok' });
});

test('an answer that a runner has taken is told as taken back, and a denial of that kind is not taken back', async () => {
  await using toy = await createToy();
  const directory = await holdAtGate(toy, gated());
  const { nonce } = findGate(await readState(directory), 'two');
  const withdraw = async () =>
    withdrawAnswer('two', directory.answers, { by: 'ada' }, await readState(directory));
  const take = async (): Promise<void> =>
    rename(join(directory.answers, `${nonce}.json`), join(directory.answers, `${nonce}.taken.json`));
  await answer(directory, { decision: 'denied' });
  await take();
  await expect(withdraw()).rejects.toThrow('a runner has it');
  await rm(join(directory.answers, `${nonce}.taken.json`));
  await answer(directory);
  await take();
  await withdraw();
  expect(await receipts(await readState(directory), directory.answers)).toMatchObject([
    { state: 'cancelled' },
  ]);
  const { outcome, events } = await runToy(toy, [gated(30)]);
  expect(outcome.result).toBe('waiting');
  expect(story(events, 'intent')).toEqual([]);
});

test('where approvers sign, only an approval with the signature of the one who gives it counts', async () => {
  await using toy = await createToy();
  const folder = join(toy.world.directory, '..', 'keys');
  await mkdir(folder);
  const keyOf = (name: string): string => join(folder, name);
  for (const name of ['ada', 'eve'])
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', keyOf(name)]);
  const allowedSigners = join(folder, 'allowed_signers');
  const { stdout: publicKey } = await run('cat', [`${keyOf('ada')}.pub`]);
  await writeFile(allowedSigners, `ada ${publicKey}`);
  const options: ToyOptions = {
    more: { approvers: { allowedSigners } },
    decide: async () => ({ decision: 'approved', by: 'whoever sits at the terminal' }),
  };
  const directory = await holdAtGate(toy, gated(), options);

  const refused = async (): Promise<string> => {
    const waiting = startToy(toy, [gated()], options);
    let reason = '';
    for await (const event of waiting.events) {
      if (event.type !== 'gate.refused') continue;
      ({ reason } = event);
      waiting.drain();
    }
    await waiting.outcome;
    return reason;
  };
  await answer(directory);
  expect(await refused()).toContain('it is not signed');
  await answer(directory, {}, (one) => signAnswer(one, keyOf('eve')));
  expect(await refused()).toContain("its signature is not ada's");
  await answer(directory, { by: 'eve' }, (one) => signAnswer(one, keyOf('eve')));
  expect(await refused()).toContain("its signature is not eve's");
  await answer(directory, {}, async (one) => ({ ...(await signAnswer(one, keyOf('ada'))), note: 'changed' }));
  expect(await refused()).toContain("its signature is not ada's");
  // A line in the journal is no way around it.
  await recordApproval(toy);
  expect(await refused()).toContain('it is not signed');
  expect(await filesOf(toy)).toEqual([]);

  await answer(directory, { note: 'quiet since noon' }, (one) => signAnswer(one, keyOf('ada')));
  const { outcome, events } = await runToy(toy, [gated()], options);
  expect(outcome).toEqual({ result: 'ok' });
  expect(events.find(({ type }) => type === 'gate.approved')).toMatchObject({
    by: 'ada',
    signature: expect.stringContaining('BEGIN SSH SIGNATURE'),
  });
});
