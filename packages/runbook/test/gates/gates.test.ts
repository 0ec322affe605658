import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readState } from '../../src/journal/read-state.ts';
import type { EngineEvent } from '../../src/engine/events.ts';
import { bindAnswer, type GateAnswer, type OpenGate } from '../../src/gates/answer.ts';
import { leaveAnswer } from '../../src/gates/answer-box.ts';
import { leaveCancelRequest } from '../../src/gates/cancel.ts';
import { findGate } from '../../src/commands/answer.ts';
import { openStateDirectory } from '../../src/journal/state-directory.ts';
import {
  createToy,
  exists,
  fileStep,
  filesOf,
  runToy,
  startToy,
  story,
  type Toy,
  type ToyOptions,
  type ToyStep,
} from '../engine/toy.ts';

const gated = (more: Partial<ToyStep> = {}, timeout = 10_000): ToyStep =>
  fileStep('two', { gate: { kind: 'approval', question: 'Stop the loops?', timeout }, ...more });

/** Runs with somebody who answers each gate as it opens. */
async function runAnswering(
  toy: Toy,
  steps: readonly ToyStep[],
  answer: (gate: OpenGate, directory: string) => Promise<void>,
  options: ToyOptions = {},
) {
  const run = startToy(toy, steps, options);
  const { answers } = await openStateDirectory(toy.stateDirectory);
  const events: EngineEvent[] = [];
  for await (const event of run.events) {
    events.push(event);
    if (event.type === 'gate.open') await answer(event, answers);
  }
  return { outcome: await run.outcome, events };
}

const approve = (gate: OpenGate, change: Partial<GateAnswer> = {}): GateAnswer => ({
  ...bindAnswer(gate, { decision: 'approved', by: 'ada' }),
  ...change,
});

test('a request to cancel counts whatever is in its file', async () => {
  await using toy = await createToy();
  const { outcome, events } = await runAnswering(toy, [fileStep('one'), gated()], async (_gate, answers) => {
    await writeFile(join(answers, 'cancel.json'), '{');
  });
  expect(outcome).toMatchObject({ result: 'interrupted', step: 'two' });
  expect(events).toContainEqual(expect.objectContaining({ type: 'cancelled', by: 'unknown' }));
});

test('a request to cancel that comes while the claim is taken is meant for this run', async () => {
  await using toy = await createToy();
  const answers = join(toy.stateDirectory, 'answers');
  await mkdir(answers, { recursive: true });
  // Left of an earlier run: it stops nothing.
  await leaveCancelRequest(answers, { by: 'eve' });
  const steps = [fileStep('one'), fileStep('two')];
  expect((await runToy(toy, steps, { until: 'one' })).outcome).toEqual({ result: 'ok' });
  const claim = async () => {
    await leaveCancelRequest(answers, { by: 'ada' });
    return { release: async () => undefined };
  };
  const { outcome, events } = await runToy(toy, steps, { more: { claim } });
  expect(outcome).toMatchObject({ result: 'interrupted', step: 'two' });
  expect(events).toContainEqual(expect.objectContaining({ type: 'cancelled', by: 'ada' }));
  expect(await filesOf(toy)).toEqual(['one']);
});

test('a gate stands before the effect, and opens to an approval', async () => {
  await using toy = await createToy();
  const { outcome, events } = await runAnswering(toy, [fileStep('one'), gated()], async (gate, answers) => {
    expect(await filesOf(toy)).toEqual(['one']);
    await leaveAnswer(answers, approve(gate));
  });
  expect(outcome).toEqual({ result: 'ok' });
  expect(story(events, 'gate.open', 'gate.approved', 'intent')).toEqual([
    'intent one',
    'gate.open two',
    'gate.approved two',
    'intent two',
  ]);
});

test('a gate that nobody answers holds: nothing is done, and resume opens it again', async () => {
  await using toy = await createToy();
  const { outcome } = await runToy(toy, [gated({}, 30)]);
  expect(outcome).toMatchObject({ result: 'waiting', step: 'two' });
  expect(await filesOf(toy)).toEqual([]);
  const nonces: string[] = [];
  const resumed = await runAnswering(
    toy,
    [gated()],
    async (gate, answers) => {
      nonces.push(gate.nonce);
      await leaveAnswer(answers, approve(gate));
    },
    { command: 'resume' },
  );
  expect(resumed.outcome).toEqual({ result: 'ok' });
  expect(nonces).toHaveLength(1);
});

test('a denial ends the run; the next run asks anew', async () => {
  await using toy = await createToy();
  const denied = await runAnswering(toy, [gated()], async (gate, answers) =>
    leaveAnswer(answers, bindAnswer(gate, { decision: 'denied', by: 'ada', note: 'not on a Friday' })),
  );
  expect(denied.outcome).toMatchObject({ result: 'failed', reason: 'ada denied it: not on a Friday' });
  const again = await runAnswering(
    toy,
    [gated()],
    async (gate, answers) => leaveAnswer(answers, approve(gate)),
    { command: 'resume' },
  );
  expect(again.outcome).toEqual({ result: 'ok' });
});

test.each<[string, (gate: OpenGate) => string]>([
  ['of an earlier opening', (gate) => JSON.stringify(approve(gate, { nonce: 'f'.repeat(32) }))],
  ['to another plan', (gate) => JSON.stringify(approve(gate, { planHash: '0'.repeat(64) }))],
  ['to other evidence', (gate) => JSON.stringify(approve(gate, { evidenceHash: '0'.repeat(64) }))],
  ['to another gate', (gate) => JSON.stringify(approve(gate, { gate: 'one' }))],
  ['by nobody', (gate) => JSON.stringify(approve(gate, { by: '' }))],
  ['that is not one', () => '{"yes'],
])('an answer %s is refused, and the gate stays shut', async (_name, text) => {
  await using toy = await createToy();
  let first = true;
  const { outcome, events } = await runAnswering(toy, [gated({}, 1500)], async (gate, answers) => {
    if (!first) return;
    first = false;
    await writeFile(join(answers, `${gate.nonce}.json`), text(gate));
  });
  expect(outcome.result).toBe('waiting');
  expect(story(events, 'gate.refused')).toEqual(['gate.refused two']);
  expect(await filesOf(toy)).toEqual([]);
});

test('an opening is answered once', async () => {
  await using toy = await createToy();
  const { answers } = await openStateDirectory(toy.stateDirectory);
  const gate: OpenGate = {
    step: 'two',
    kind: 'approval',
    nonce: 'ab',
    text: '',
    evidence: {},
    evidenceHash: '',
    planHash: '',
    expires: '',
  };
  await leaveAnswer(answers, approve(gate));
  await expect(leaveAnswer(answers, approve(gate))).rejects.toMatchObject({ code: 'GATE_REFUSED' });
});

test('an approval that came while nobody ran counts, on the same plan and evidence only', async () => {
  await using toy = await createToy();
  const facts = { heads: 'abc' };
  const steps = (evidence: typeof facts): ToyStep[] => [
    gated({
      check: async (context) => ({ ...(await (fileStep('two').check?.(context) ?? never())), evidence }),
    }),
  ];
  const holdAtGate = async (evidence: typeof facts): Promise<void> => {
    const run = startToy(toy, steps(evidence));
    for await (const event of run.events) if (event.type === 'gate.open') run.drain();
    expect((await run.outcome).result).toBe('interrupted');
  };
  const approveNow = async (): Promise<void> => {
    const directory = await openStateDirectory(toy.stateDirectory);
    await leaveAnswer(directory.answers, approve(findGate(await readState(directory), 'two')));
  };
  await holdAtGate(facts);
  await approveNow();
  const opened: string[] = [];
  const changed = await runAnswering(toy, steps({ heads: 'def' }), async (gate, answers) => {
    opened.push(gate.nonce);
    await leaveAnswer(answers, bindAnswer(gate, { decision: 'denied', by: 'ada' }));
  });
  expect(changed.outcome.result).toBe('failed');
  expect(opened).toHaveLength(1);

  await holdAtGate(facts);
  await approveNow();
  const { outcome, events } = await runToy(toy, steps(facts), { command: 'resume' });
  expect(outcome).toEqual({ result: 'ok' });
  expect(story(events, 'gate.open', 'gate.approved')).toEqual(['gate.approved two']);
});

test('at a human gate what is there decides, not anyone’s word', async () => {
  await using toy = await createToy();
  const login = fileStep('login', {
    gate: { kind: 'human', instructions: () => 'log in', timeout: 10_000, poll: 20 },
    async apply({ progress }) {
      progress('session started');
    },
  });
  const { outcome, events } = await runAnswering(toy, [login], async (gate, answers) => {
    await leaveAnswer(answers, approve(gate));
    const answer = join(answers, `${gate.nonce}.json`);
    await expect.poll(() => exists(answer), { timeout: 5000 }).toBe(false);
    await writeFile(join(toy.world.directory, 'login'), 'login done');
  });
  expect(outcome).toEqual({ result: 'ok' });
  expect(story(events, 'gate.refused', 'gate.approved')).toEqual(['gate.refused login']);
  expect(events.find((event) => event.type === 'verified')).toMatchObject({ how: 'human' });
});

test('a human step that is not done in time holds; a host that does not answer meanwhile is asked again', async () => {
  await using toy = await createToy();
  let looks = 0;
  const login = (timeout: number): ToyStep => {
    const { apply: _apply, ...step } = fileStep('login');
    return {
      ...step,
      gate: { kind: 'human', instructions: () => 'log in', timeout, poll: 10 },
      async check(context) {
        looks += 1;
        if (looks % 2 === 0) throw new Error('no route');
        return (await step.check?.(context)) ?? never();
      },
    };
  };
  const held = await runToy(toy, [login(1000)]);
  expect(held.outcome).toMatchObject({ result: 'waiting', step: 'login' });
  expect(looks).toBeGreaterThan(2);
  await writeFile(join(toy.world.directory, 'login'), 'login done');
  looks = 0;
  expect((await runToy(toy, [login(100)], { command: 'resume' })).outcome).toEqual({ result: 'ok' });
});

test('a step that cannot be checked runs once; interrupted, it is never repeated without a person', async () => {
  await using toy = await createToy();
  let sent = 0;
  const { check: _check, undo: _undo, ...base } = fileStep('mail');
  const mail: ToyStep = {
    ...base,
    kind: 'irreversible',
    verify: async () => ({ sent }),
    apply: async () => {
      sent += 1;
      if (sent === 1) throw new Error('connection lost');
    },
  };
  expect((await runToy(toy, [mail])).outcome.result).toBe('failed');
  const asked = await runAnswering(
    toy,
    [mail],
    async (gate, answers) => {
      expect(sent).toBe(1);
      expect(gate.text).toContain('Do it again?');
      await leaveAnswer(answers, approve(gate));
    },
    { command: 'resume' },
  );
  expect(asked.outcome).toEqual({ result: 'ok' });
  expect(sent).toBe(2);
});

function never(): never {
  throw new Error('the step has no check');
}

test('a step that cannot be checked and was done to its end is proven again, and not done again', async () => {
  await using toy = await createToy();
  let sent = 0;
  let looks = 0;
  const { check: _check, undo: _undo, ...base } = fileStep('mail');
  const mail: ToyStep = {
    ...base,
    kind: 'irreversible',
    retry: { attempts: 3, delay: 1, when: () => true },
    apply: async () => void (sent += 1),
    verify: async () => {
      looks += 1;
      if (looks < 4) throw new Error('the mailbox does not answer');
      return { sent };
    },
  };
  expect((await runToy(toy, [mail])).outcome.result).toBe('failed');
  expect([sent, looks]).toEqual([1, 1]);
  // It fails again: only then a person is asked, and told what is known.
  const asked = await runAnswering(
    toy,
    [mail],
    async (gate, answers) => {
      expect(gate.text).toContain('it was done to its end');
      await leaveAnswer(answers, bindAnswer(gate, { decision: 'denied', by: 'ada' }));
    },
    { command: 'resume' },
  );
  expect(asked.outcome.result).toBe('failed');
  looks = 4;
  const { outcome, events } = await runToy(toy, [mail], { command: 'resume' });
  expect(outcome).toEqual({ result: 'ok' });
  expect(story(events, 'intent', 'gate.open')).toEqual([]);
  expect(sent).toBe(1);
});
