import { appendFile, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { localHost } from '@cutover/host';
import { expect, it } from 'vitest';
import { agentFolder, tmuxSocket } from '../../../src/config/rig-places.ts';
import { initialState } from '../../../src/state/initial-state.ts';
import { readState, writeState } from '../../../src/state/state-store.ts';
import { pidOf, type TestRig, until, untilRunning } from '../../rig.ts';
import { hooksOf, makeQuietRig, transcriptLine as line } from '../quiet-rig.ts';

const host = localHost();

it('of one run are none of the next, and what a transcript says is not of another session', async () => {
  await using rig = await makeQuietRig({ prompt: { file: 'prompt.md' } });
  await writeFile(join(rig.directory, 'prompt.md'), 'Begin.');
  const supervisor = await rig.supervise();
  await untilRunning(supervisor);
  const { session = '' } = supervisor.status().loops[0] ?? {};
  const tell = hooksOf(rig, session);
  for (const name of ['1', '2']) await tell(name, { hook_event_name: 'UserPromptSubmit', prompt: 'Begin.' });
  const prompted = () => rig.events.filter(({ type }) => type === 'prompted').length;
  await until(prompted, (count) => count === 1);
  const usage = { input_tokens: 1, cache_read_input_tokens: 1000, output_tokens: 7 };
  const answer = line({ type: 'assistant', message: { id: 'm', content: [], usage } });
  await writeFile(await rig.transcript(session), answer);
  const context = () => supervisor.status().loops[0]?.agent?.context;
  await until(context, (tokens) => tokens === 1008);
  await supervisor.restart(['one'], true);
  await until(context, (tokens) => tokens === undefined);
  await delay(300);
  expect(prompted()).toBe(1);
});

it('of what an agent was told at its start come first: nothing is typed into it before', async () => {
  const rule = '─'.repeat(40);
  const inputLine = `printf '${rule}\\n❯ \\n${rule}\\n'; exec sleep 1000`;
  await using rig = await makeQuietRig({ prompt: { file: 'prompt.md' }, command: ['sh', '-c', inputLine] });
  await writeFile(join(rig.directory, 'prompt.md'), 'Begin.');
  const supervisor = await rig.supervise();
  await untilRunning(supervisor);
  const { session = '' } = supervisor.status().loops[0] ?? {};
  const tell = hooksOf(rig, session);
  await tell('1', { hook_event_name: 'SessionStart' });
  await until(
    () => supervisor.status().loops[0]?.ready,
    (ready) => ready === true,
  );
  const shown = async (): Promise<string> => {
    const argv = ['tmux', '-S', tmuxSocket(rig.config), 'capture-pane', '-p', '-t', 'one'];
    return (await host.run(argv)).stdout;
  };
  const prompted = supervisor.prompt('one', Buffer.from('Do this.'), 'a');
  await delay(1000);
  expect(await shown()).not.toContain('Do this.');
  await tell('2', { hook_event_name: 'UserPromptSubmit', prompt: 'Begin.' });
  await until(shown, (screen) => screen.includes('Do this.'));
  await tell('3', { hook_event_name: 'UserPromptSubmit', prompt: 'Do this.' });
  expect(await prompted).toBe(true);
  expect(rig.events.flatMap((event) => (event.type === 'prompted' ? [event.bytes] : []))).toEqual([6, 8]);
});

it('of what was queued behind a turn make the next one, which the end of the first is not the end of', async () => {
  await using rig = await makeQuietRig();
  const supervisor = await rig.supervise();
  await untilRunning(supervisor);
  const { session = '' } = supervisor.status().loops[0] ?? {};
  const tell = hooksOf(rig, session);
  const queue = async (operation: string, content?: string): Promise<void> => {
    const timestamp = new Date().toISOString();
    await appendFile(
      await rig.transcript(session),
      line({ type: 'queue-operation', operation, content, timestamp }),
    );
    // The kernel dates files by a clock that ticks every few milliseconds.
    await delay(20);
  };
  const turnSince = () => supervisor.status().loops[0]?.agent?.turnSince;
  await tell('1', { hook_event_name: 'SessionStart' });
  await tell('2', { hook_event_name: 'UserPromptSubmit', prompt: 'First.' });
  const first = await until(turnSince, (since) => since !== undefined);
  await queue('enqueue', 'Second.');
  await tell('3', { hook_event_name: 'UserPromptSubmit', prompt: 'Second.' });
  await tell('4', { hook_event_name: 'Stop' });
  const second = await until(turnSince, (since) => since !== first);
  expect(second).toBeGreaterThan(first ?? 0);
  await queue('dequeue');
  await tell('5', { hook_event_name: 'Stop' });
  await until(turnSince, (since) => since === undefined);
});

it('that never came leave a prompt open: its id is not typed again, and its transcript may tell later', async () => {
  await using rig = await makeQuietRig();
  const session = '33d22ca1-ff05-4d67-96c6-80021613adba';
  const typed = [{ id: 'a', session, since: 0 }];
  const loops = { one: { wanted: true, restarts: 0, recentRestarts: 0, session, typed } };
  await writeState(rig.config.stateDir, { ...(await initialState(rig.config)), loops });
  const supervisor = await rig.supervise();
  await untilRunning(supervisor);
  const prompt = async () => supervisor.prompt('one', Buffer.from('Do this.'), 'a');
  await expect(prompt()).rejects.toMatchObject({ code: 'PROMPT_UNACKNOWLEDGED' });
  await appendFile(
    await rig.transcript(session),
    line({ type: 'user', message: { role: 'user', content: 'Do this.' } }),
  );
  expect(await prompt()).toBe(false);
  expect(rig.events.filter(({ type }) => type === 'prompted')).toHaveLength(1);
  expect(await prompt()).toBe(false);
  expect(rig.events.filter(({ type }) => type === 'prompted')).toHaveLength(1);
});

it('of a session that took the place of the first are heard, also where another supervisor heard the end of that', async () => {
  await using rig = await makeQuietRig();
  const supervisor = await rig.supervise();
  await untilRunning(supervisor);
  const { session = '' } = supervisor.status().loops[0] ?? {};
  const tell = hooksOf(rig, session);
  const spool = join(agentFolder(rig.config, 'one'), 'spool');
  const untilHeard = async () =>
    until(
      () => readdir(spool),
      (names) => names.length === 0,
    );
  await tell('1', { hook_event_name: 'SessionStart' });
  await tell('2', { hook_event_name: 'SessionEnd', reason: 'clear' });
  await untilHeard();
  // What was heard is known for good: the next supervisor would not hear of it again.
  expect((await readState(rig.config.stateDir))?.loops['one']).toMatchObject({ session, successor: true });
  await supervisor[Symbol.asyncDispose]();
  const next = '33d22ca1-ff05-4d67-96c6-80021613adba';
  await tell('3', { hook_event_name: 'SessionStart', source: 'clear', session_id: next });
  const second = await rig.supervise();
  await until(
    () => second.status().loops[0]?.session,
    (seen) => seen === next,
    5000,
  );
  await tell('4', { hook_event_name: 'UserPromptSubmit', session_id: next, prompt: 'Do this.' });
  await untilHeard();
  const state = (await readState(rig.config.stateDir))?.loops['one'];
  expect(state).toMatchObject({ session: next, turnSince: expect.any(Number) });
  expect(state?.successor).toBeUndefined();
});

it('that never came of a prompt that still stands in the input line: it is submitted, and not typed again', async () => {
  const rule = '─'.repeat(40);
  const show = (draft: string) => `printf '\\033[2J\\033[H${rule}\\n❯ ${draft}\\n${rule}\\n'`;
  const agent = `${show('Do this.')}; read _; ${show('')}; exec sleep 1000`;
  await using rig = await makeQuietRig({ command: ['sh', '-c', agent] });
  const session = '33d22ca1-ff05-4d67-96c6-80021613adba';
  const typed = ['a', 'b'].map((id) => ({ id, session, since: 0 }));
  const loops = { one: { wanted: true, restarts: 0, recentRestarts: 0, session, typed } };
  await writeState(rig.config.stateDir, { ...(await initialState(rig.config)), loops });
  const supervisor = await rig.supervise();
  await untilRunning(supervisor);
  const tell = hooksOf(rig, session);
  await tell('1', { hook_event_name: 'SessionStart' });
  await until(
    () => supervisor.status().loops[0]?.ready,
    (ready) => ready === true,
  );
  const other = supervisor.prompt('one', Buffer.from('Do this'), 'b');
  await expect(other).rejects.toMatchObject({ code: 'PROMPT_UNACKNOWLEDGED' });
  const prompted = supervisor.prompt('one', Buffer.from('Do this.'), 'a');
  const argv = ['tmux', '-S', tmuxSocket(rig.config), 'capture-pane', '-p', '-t', 'one'];
  await until(
    async () => (await host.run(argv)).stdout,
    (screen) => !screen.includes('Do this'),
  );
  await tell('2', { hook_event_name: 'UserPromptSubmit', prompt: 'Do this.' });
  expect(await prompted).toBe(true);
  expect(rig.events.flatMap((event) => (event.type === 'prompted' ? [event.id] : []))).toEqual(['a']);
});

it('are for the run that a start prompt is of: what waited for its input line is not typed into the next one', async () => {
  const rule = '─'.repeat(40);
  const show = `printf '${rule}\\n❯ \\n${rule}\\n'`;
  const agent = `[ ! -e begun ] || ${show}; touch begun; exec cat`;
  await using rig = await makeQuietRig({
    command: ['sh', '-c', agent],
    prompt: { file: 'prompt.md', deliver: 'paste' },
    restart: { initialDelay: '1ms' },
  });
  await writeFile(join(rig.directory, 'prompt.md'), 'Begin.');
  const supervisor = await rig.supervise();
  const first = pidOf(await untilRunning(supervisor), 'one');
  const begin = async (run: number): Promise<void> => {
    const started = await until(
      () => rig.events.flatMap((event) => (event.type === 'started' ? [event.run] : [])),
      (runs) => runs.length === run,
    );
    const { session = '' } = supervisor.status().loops[0] ?? {};
    const path = join(agentFolder(rig.config, 'one'), 'spool', `${started.at(-1)}.1`);
    await writeFile(path, JSON.stringify({ session_id: session, hook_event_name: 'SessionStart' }));
    await rename(path, `${path}.json`);
    await until(
      () => supervisor.status().loops[0]?.ready,
      (ready) => ready === true,
    );
  };
  await begin(1);
  await delay(500);
  process.kill(first, 'SIGKILL');
  await begin(2);
  const argv = ['tmux', '-S', tmuxSocket(rig.config), 'capture-pane', '-p', '-t', 'one'];
  const { session = '' } = supervisor.status().loops[0] ?? {};
  await until(
    async () => (await host.run(argv)).stdout,
    (screen) => screen.includes('Begin.'),
  );
  const runs = rig.events.flatMap((event) => (event.type === 'started' ? [event.run] : []));
  const ids = await promptedBy(rig, `${runs[1]}.2`, session);
  expect(ids).toEqual([`start-${runs[1]}`]);
  expect(rig.events.filter(({ type }) => type === 'prompt-failed')).toEqual([]);
});

it('by the next run are none of the run before, which was told the same and ended first', async () => {
  await using rig = await makeQuietRig({ prompt: { file: 'prompt.md' }, restart: { initialDelay: '1ms' } });
  await writeFile(join(rig.directory, 'prompt.md'), 'Begin.');
  const supervisor = await rig.supervise();
  process.kill(pidOf(await untilRunning(supervisor), 'one'), 'SIGKILL');
  const runs = await until(
    () => rig.events.flatMap((event) => (event.type === 'started' ? [event.run] : [])),
    (all) => all.length === 2,
  );
  const { session = '' } = supervisor.status().loops[0] ?? {};
  const ids = await promptedBy(rig, `${runs[1]}.1`, session);
  expect(ids).toEqual([`start-${runs[1]}`]);
});

/** The run of a hook's file tells that its session has taken "Begin."; then the ids of all prompts that were acknowledged. */
async function promptedBy(rig: TestRig, file: string, session: string): Promise<string[]> {
  const path = join(agentFolder(rig.config, 'one'), 'spool', file);
  const taken = { session_id: session, hook_event_name: 'UserPromptSubmit', prompt: 'Begin.' };
  await writeFile(path, JSON.stringify(taken));
  await rename(path, `${path}.json`);
  return until(
    () => rig.events.flatMap((event) => (event.type === 'prompted' ? [event.id] : [])),
    (all) => all.length > 0,
  );
}
