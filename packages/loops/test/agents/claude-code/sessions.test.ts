import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { claudeCodeAdapter } from '../../../src/agents/claude-code/claude-code-adapter.ts';
import { transcriptFolder } from '../../../src/agents/claude-code/places.ts';
import { parseRigConfig } from '../../../src/config/load-rig-config.ts';

let home = '';
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'sessions-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const session = '33d22ca1-ff05-4d67-96c6-80021613adba';

function loopOf(more: object = {}) {
  const [loop] = parseRigConfig(
    JSON.stringify({
      rig: 'demo',
      workspace: home,
      loops: { one: { agent: 'claude-code', command: ['claude', '--remote-control'], ...more } },
    }),
    join(home, 'loops.yaml'),
  ).loops;
  if (loop === undefined) throw new Error('no loop');
  return loop;
}

const choose = (begun: boolean) =>
  claudeCodeAdapter.chooseStart({
    loop: loopOf(),
    environment: { HOME: home },
    session,
    begun,
    transcript: undefined,
  });

describe('the session of a start', () => {
  it('is a new one where the last was never given a prompt, and the last where it was', async () => {
    expect(await choose(false)).toEqual({ session, goesOn: false });
    const fresh = await choose(true);
    expect(fresh.goesOn).toBe(false);
    expect(fresh.session).not.toBe(session);
    const folder = await transcriptFolder({ HOME: home }, home);
    await mkdir(folder, { recursive: true });
    const path = join(folder, `${session}.jsonl`);
    await writeFile(path, '{"type":"mode"}\n');
    expect((await choose(true)).goesOn).toBe(false);
    await writeFile(path, '{"type":"mode"}\n{"parentUuid":null,"type":"user","message":{"content":"x"}}\n');
    expect(await choose(true)).toEqual({ session, goesOn: true });
  });

  it('is the last where that began in another directory, whatever transcript it names in this one', async () => {
    const began = '0d22ca1a-ff05-4d67-96c6-80021613adba';
    const folder = await transcriptFolder({ HOME: home }, '/before');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `${began}.jsonl`), '{"type":"user","message":{"content":"x"}}\n');
    const named = join(await transcriptFolder({ HOME: home }, home), `${began}.jsonl`);
    for (const transcript of [undefined, named]) {
      const question = { loop: loopOf(), environment: { HOME: home }, session: began, begun: true };
      const choice = await claudeCodeAdapter.chooseStart({ ...question, transcript });
      expect(choice).toEqual({ session: began, goesOn: true });
    }
  });

  it('is given with the hooks and, where they can be as they are, the words', () => {
    const settings = '/w/agents/one/settings.json';
    const launch = { session, folder: '/w/agents/one', loop: loopOf({ prompt: { file: 'p' } }) };
    const start = claudeCodeAdapter.command({ ...launch, goesOn: false, words: '!do\n{this}' });
    expect(start).toEqual({
      argv: `claude --remote-control --session-id ${session} --settings ${settings} --`
        .split(' ')
        .concat('!do\n{this}'),
      tellsWords: true,
    });
    const resumed = claudeCodeAdapter.command({ ...launch, goesOn: true, words: 'Go on.' });
    expect(resumed.argv.slice(2).join(' ')).toBe(`--resume ${session} --settings ${settings} -- Go on.`);
    const typed = [
      { ...launch, words: 'x'.repeat(8193) },
      { ...launch, words: '/compact' },
      { ...launch, loop: loopOf({ prompt: { file: 'p', secret: true } }), words: 'a secret' },
    ].map((one) => claudeCodeAdapter.command({ ...one, goesOn: false }).tellsWords);
    expect(typed).toEqual([false, false, false]);
  });
});
