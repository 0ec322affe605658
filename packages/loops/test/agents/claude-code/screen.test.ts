import { describe, expect, it } from 'vitest';
import { readScreen } from '../../../src/agents/claude-code/screen.ts';
import {
  bypass332,
  continuesByItself332,
  halfDrawn,
  input,
  permission154,
  permission332,
  renderer332,
  sessionLimit154,
  trust154,
  trust332,
  weeklyLimit332,
} from './screens.ts';

const now = Date.UTC(2026, 10, 30, 3, 2, 0);
const none = { limit: [], login: [] };
const read = (lines: readonly string[]) => readScreen(lines, none, now);

describe('the screen of Claude Code', () => {
  it('takes a prompt while its input line is there, and shows a draft', () => {
    expect(read(input())).toMatchObject({ takesPrompt: true, draft: '' });
    expect(read(input('[Pasted text #1 +4 lines]')).draft).toBe('[Pasted text #1 +4 lines]');
  });

  it('is no dialog because a prompt above reads like a menu', () => {
    const { dialog, takesPrompt } = read(input('', '❯ 1. Do this', '  2. Do that', '● Done.'));
    expect({ dialog, takesPrompt }).toEqual({ dialog: undefined, takesPrompt: true });
  });

  it('is no dialog, and takes no prompt yet, where only what was said before is drawn', () => {
    expect(read(halfDrawn)).toEqual({ takesPrompt: false });
  });

  it.each([
    ['a permission, 2.1.154', permission154, 'Bash command'],
    ['a permission, 2.1.332', permission332, 'Bash command'],
    ['trust, 2.1.154', trust154, 'Quick safety check'],
    ['trust, 2.1.332', trust332, 'Quick safety check'],
    ['bypass', bypass332, 'Bypass Permissions mode'],
  ] as const)('is a dialog into which nothing is typed: %s', (_name, lines, words) => {
    const { dialog } = read(lines);
    expect(dialog?.words).toContain(words);
    expect(dialog?.key).toBeUndefined();
  });

  it.each([
    ['a limit', sessionLimit154],
    ['a weekly limit', weeklyLimit332],
    ['an offer', renderer332],
  ] as const)('is a dialog that Escape leaves: %s', (_name, lines) => {
    expect(read(lines).dialog?.key).toBe('Escape');
  });

  it('says a limit or a lost login under the last prompt only, and leaves one that goes on by itself alone', () => {
    const { sign, dialog } = read(continuesByItself332);
    expect(sign).toMatchObject({ kind: 'usage-limit', until: Date.UTC(2026, 10, 30, 4, 1, 30) });
    expect(dialog).toBeUndefined();
    const login = '● Please run /login · API Error: 401 OAuth token has expired.';
    expect(read(input('', '❯ hello', login)).sign?.kind).toBe('login-expired');
    expect(read(input('', '❯ hello', login, '❯ again', '● Done.')).sign).toBeUndefined();
    const billing = '  ⎿  Credit balance too low · Add funds: https://platform.claude.com/settings/billing';
    expect(read(input('', '❯ hello', billing)).sign?.kind).toBe('billing');
  });

  it('says nothing when the agent talks about such things, or when a limit is near', () => {
    for (const line of [
      '● The API refuses an Invalid API key with 401.',
      '● I found the words "Please run /login" in the docs.',
      "  You've used 90% of your session limit · resets 7:20pm",
    ])
      expect(read(input('', '❯ hello', line)).sign).toBeUndefined();
    const result = ['● Bash(cat docs.md)', '  ⎿  Please run /login'];
    expect(read(input('', '❯ hello', ...result)).sign).toBeUndefined();
  });
});
