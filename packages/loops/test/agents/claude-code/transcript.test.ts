import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasPrompt, readTranscript } from '../../../src/agents/claude-code/transcript.ts';
import { countUsage } from '../../../src/supervisor/agents/usage.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'transcript-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const line = (value: object): string => `${JSON.stringify({ version: '2.1.154', ...value })}\n`;
const prompt = (content: unknown): string => line({ type: 'user', message: { role: 'user', content } });
const answer = (id: string, output: number, ...content: object[]): string =>
  line({
    type: 'assistant',
    message: {
      id,
      content,
      usage: {
        input_tokens: 100,
        cache_creation_input_tokens: 10,
        cache_read_input_tokens: 1000,
        output_tokens: output,
      },
    },
  });
const tool = { type: 'tool_use', id: 't', name: 'Bash', input: {} };

describe('a transcript', () => {
  it('is read from where it stopped, also within a line, and each answer is counted once', async () => {
    const path = join(folder, 'one.jsonl');
    expect(await hasPrompt(path)).toBe(false);
    await writeFile(path, line({ type: 'mode', mode: 'normal' }));
    expect(await hasPrompt(path)).toBe(false);
    const reader = readTranscript(path);
    expect(await reader.read()).toMatchObject({ steps: 0 });
    const second = answer('m1', 7, tool);
    await appendFile(
      path,
      prompt('do\nthis') + answer('m1', 3, { type: 'text', text: 'I' }) + second.slice(0, 50),
    );
    expect(await reader.read()).toMatchObject({ steps: 1, actions: 0, version: '2.1.154' });
    await appendFile(
      path,
      second.slice(50) +
        prompt([{ type: 'tool_result', tool_use_id: 't', content: 'ok' }]) +
        'not json\n' +
        line({ type: 'assistant', isApiErrorMessage: true, message: { content: [] } }) +
        line({ type: 'queue-operation', operation: 'enqueue', content: 'and that' }),
    );
    expect(await reader.read()).toEqual({
      steps: 3,
      actions: 1,
      version: '2.1.154',
      context: 1117,
      usage: { input: 100, cacheWrite: 10, cacheRead: 1000, output: 7 },
    });
    expect(await hasPrompt(path)).toBe(true);
    expect(reader.hasTaken('do this', 0)).toBe(true);
    expect(reader.hasTaken('and that', 1)).toBe(true);
    expect(reader.hasTaken('do this', 1)).toBe(false);
  });

  it('loses nothing, and counts nothing twice, where several read it at once', async () => {
    const path = join(folder, 'at-once.jsonl');
    const reader = readTranscript(path);
    await writeFile(path, '');
    for (let round = 1; round <= 5; round += 1) {
      await appendFile(path, answer(`m${round}`, 7, tool));
      await Promise.all(Array.from({ length: 4 }, () => reader.read()));
      const usage = { input: 100 * round, output: 7 * round };
      expect(await reader.read()).toMatchObject({ steps: round, actions: round, usage });
    }
  });

  it('holds the work of subagents, and of theirs, but neither their context nor their prompts', async () => {
    const path = join(folder, 'two.jsonl');
    await writeFile(path, prompt('do this') + answer('m1', 7, tool));
    const reader = readTranscript(path);
    expect(await reader.read()).toMatchObject({ steps: 1, actions: 1, context: 1117 });
    const subagents = join(folder, 'two', 'subagents');
    await mkdir(join(subagents, 'agent-1'), { recursive: true });
    await writeFile(join(subagents, 'agent-1.meta.json'), answer('m9', 1));
    await writeFile(join(subagents, 'agent-1.jsonl'), prompt('a part of it') + answer('m2', 3, tool));
    await writeFile(join(subagents, 'agent-1', 'agent-2.jsonl'), answer('m3', 5));
    const more = { input: 300, cacheWrite: 30, cacheRead: 3000, output: 15 };
    expect(await reader.read()).toMatchObject({ steps: 3, actions: 2, context: 1117, usage: more });
    await appendFile(join(subagents, 'agent-1.jsonl'), answer('m4', 2));
    expect(await reader.read()).toMatchObject({ steps: 4, usage: { output: 17 } });
    expect(reader.prompts).toBe(1);
    expect(reader.hasTaken('a part of it', 0)).toBe(false);
  });
});

describe('usage', () => {
  const usage = { input: 100, cacheWrite: 10, cacheRead: 1000, output: 7 };

  it('counts what came since, in all transcripts, and begins each day at nothing', () => {
    const first = countUsage(undefined, '/a', usage, '2026-05-31');
    expect(first).toMatchObject({ total: usage, dayTokens: 117 });
    expect(countUsage(first, '/a', usage, '2026-05-31')).toEqual(first);
    const more = { ...usage, output: 17 };
    expect(countUsage(first, '/a', more, '2026-06-01')).toMatchObject({ total: more, dayTokens: 10 });
    expect(countUsage(first, '/a', { ...usage, input: 1 }, '2026-05-31')).toMatchObject({ total: usage });
    expect(countUsage(first, '/b', usage, '2026-05-31')).toMatchObject({ dayTokens: 234 });
  });
});
