import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { adapterOf } from '../../../src/agents/find-adapter.ts';
import { RigStore } from '../../../src/state/rig-store.ts';
import { AgentLives } from '../../../src/supervisor/agents/agent-life.ts';
import { Transcripts } from '../../../src/supervisor/agents/transcripts.ts';
import { makeRig, type TestRig } from '../../rig.ts';

const answer = (id: string): string =>
  `${JSON.stringify({
    type: 'assistant',
    message: { id, content: [], usage: { input_tokens: 100, output_tokens: 7 } },
  })}\n`;

/** The transcripts of a rig's one loop, with the places of two of its sessions. */
async function withTwoSessions(rig: TestRig) {
  const { store } = await RigStore.open(rig.config);
  const [loop] = rig.config.loops;
  if (loop === undefined) throw new Error('no loop');
  const lives = new AgentLives();
  const transcripts = new Transcripts(rig.config, store, lives);
  const [first, second] = [join(rig.directory, 'first.jsonl'), join(rig.directory, 'second.jsonl')];
  return { store, loop, lives, transcripts, first, second };
}

it('are counted to their end before that of the next session takes their place', async () => {
  await using rig = await makeRig({ loops: { one: { agent: 'claude-code', command: ['true'] } } });
  const { store, loop, lives, transcripts, first, second } = await withTwoSessions(rig);
  await writeFile(first, answer('a'));
  await writeFile(second, answer('c'));
  store.change('one', { transcript: first });
  await transcripts.read(loop);
  await appendFile(first, answer('b'));
  store.change('one', { transcript: second });
  await transcripts.read(loop);
  expect(store.loop('one').usage?.total).toMatchObject({ input: 200, output: 14 });
  expect(lives.of('one', adapterOf(loop)).transcript?.path).toBe(second);
});

it('show at no moment what one session has used as the use of the next one', async () => {
  await using rig = await makeRig({ loops: { one: { agent: 'claude-code', command: ['true'] } } });
  const { store, loop, lives, transcripts, first, second } = await withTwoSessions(rig);
  await writeFile(first, answer('a') + answer('b') + answer('c'));
  await writeFile(second, answer('d'));
  store.change('one', { transcript: first });
  await transcripts.read(loop);
  store.change('one', { transcript: second });
  const seen = new Set<string>();
  const reads = Promise.all([transcripts.read(loop), transcripts.read(loop)]);
  while ((await Promise.race([reads, setImmediate()])) === undefined) {
    const { transcript, progress } = lives.of('one', adapterOf(loop));
    seen.add(`${basename(transcript?.path ?? 'none')} ${progress?.usage.input ?? 'none'}`);
  }
  expect(['first.jsonl 300', 'none none', 'second.jsonl 100']).toEqual(expect.arrayContaining([...seen]));
  expect(lives.of('one', adapterOf(loop)).progress?.usage.input).toBe(100);
  expect(store.loop('one').usage?.total.input).toBe(300);
});

it('are not looked for while the environment file of a loop is away, and the supervisor goes on', async () => {
  const loops = { one: { agent: 'claude-code', command: ['true'], environmentFile: 'secrets.env' } };
  await using rig = await makeRig({ loops });
  const { store } = await RigStore.open(rig.config);
  const [loop] = rig.config.loops;
  if (loop === undefined) throw new Error('no loop');
  store.change('one', { session: 'a session' });
  const transcripts = new Transcripts(rig.config, store, new AgentLives());
  expect(await transcripts.read(loop)).toBeUndefined();
});

it('are no end of the supervisor where an agent has put something else in their place', async () => {
  const loops = { one: { agent: 'claude-code', command: ['true'], environmentFile: 'environment' } };
  await using rig = await makeRig({ loops });
  await writeFile(join(rig.directory, 'environment'), `HOME=${rig.directory}\n`);
  const { store } = await RigStore.open(rig.config);
  const [loop] = rig.config.loops;
  if (loop === undefined) throw new Error('no loop');
  const lives = new AgentLives();
  const transcripts = new Transcripts(rig.config, store, lives);
  const path = join(rig.directory, 'transcript.jsonl');
  store.change('one', { session: 'a session', transcript: path });
  await writeFile(path, answer('a'));
  expect((await transcripts.read(loop))?.usage.input).toBe(100);
  for (const put of [
    async () => mkdir(path),
    async () => symlink(path, path),
    // One that waits for a writer would be waited for without end.
    async () => execFileSync('mkfifo', [path]),
    async () => writeFile(path, answer('a')).then(() => writeFile(path.replace('.jsonl', ''), '')),
  ]) {
    await rm(path, { recursive: true });
    await put();
    await transcripts.read(loop);
  }
  expect((await transcripts.read(loop))?.usage.input).toBe(100);
  store.change('one', { transcript: undefined });
  await writeFile(join(rig.directory, '.claude'), 'no folder');
  expect(await transcripts.read(loop)).toBeUndefined();
  expect(lives.of('one', adapterOf(loop)).progress).toBeUndefined();
});

it('are found where their session began, when an agent that was moved names another place', async () => {
  const loops = { one: { agent: 'claude-code', command: ['true'], environmentFile: 'environment' } };
  await using rig = await makeRig({ loops });
  await writeFile(join(rig.directory, 'environment'), `HOME=${rig.directory}\n`);
  const { store } = await RigStore.open(rig.config);
  const [loop] = rig.config.loops;
  if (loop === undefined) throw new Error('no loop');
  const transcripts = new Transcripts(rig.config, store, new AgentLives());
  const began = join(rig.directory, '.claude', 'projects', '-before');
  await mkdir(began, { recursive: true });
  await writeFile(join(began, 'a session.jsonl'), answer('a'));
  store.change('one', { session: 'a session', transcript: join(rig.directory, 'a session.jsonl') });
  expect((await transcripts.read(loop))?.usage.input).toBe(100);
});
