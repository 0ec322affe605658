import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { localHost } from '@cutover/host';
import { expect, it } from 'vitest';
import { tmuxSocket } from '../../../src/config/rig-places.ts';
import { until, untilRunning } from '../../rig.ts';
import { hooksOf, makeQuietRig, transcriptLine } from '../quiet-rig.ts';

it('waits for the end of what a person gave the agent when its note was there already', async () => {
  const rule = '─'.repeat(40);
  const agent = `printf '${rule}\\n❯ \\n${rule}\\n'; exec sleep 1000`;
  await using rig = await makeQuietRig({
    command: ['sh', '-c', agent],
    contextHandoff: { at: 1000, note: 'note.md', ask: 'Write {note}.' },
  });
  const supervisor = await rig.supervise();
  await untilRunning(supervisor);
  const { session = '' } = supervisor.status().loops[0] ?? {};
  const usage = { input_tokens: 1, cache_read_input_tokens: 1000, output_tokens: 7 };
  const answer = transcriptLine({ type: 'assistant', message: { id: 'm', content: [], usage } });
  await writeFile(await rig.transcript(session), answer);
  const tell = hooksOf(rig, session);
  await tell('1', { hook_event_name: 'SessionStart' });
  await tell('2', { hook_event_name: 'UserPromptSubmit', prompt: 'First.' });
  await tell('3', { hook_event_name: 'Stop' });
  const note = await until(
    () => rig.events.flatMap((event) => (event.type === 'handoff-asked' ? [event.note] : []))[0],
    (path) => path !== undefined,
  );
  expect(note).toBe(join(rig.directory, 'note.md'));
  const argv = ['tmux', '-S', tmuxSocket(rig.config), 'capture-pane', '-p', '-t', 'one'];
  await until(
    async () => (await localHost().run(argv)).stdout,
    (screen) => screen.includes('Write'),
  );
  await tell('4', { hook_event_name: 'UserPromptSubmit', prompt: `Write ${note}.` });
  await until(
    () => rig.events.some(({ type }) => type === 'prompted'),
    (isAsked) => isAsked,
  );
  await writeFile(note ?? '', 'what is next');
  await tell('5', { hook_event_name: 'Stop' });
  await until(
    async () => supervisor.status().loops[0]?.agent?.turnSince,
    (since) => since === undefined,
  );
  // All of the turn is about to be in the transcript: a person is quicker.
  await tell('6', { hook_event_name: 'UserPromptSubmit', prompt: 'And this.' });
  await delay(1500);
  const types = () => rig.events.map(({ type }) => type);
  expect(types()).not.toContain('stopped');
  await tell('7', { hook_event_name: 'Stop' });
  await until(types, (all) => all.includes('handed-over'));
});
