import { describe, expect, it } from 'vitest';
import { isDraftOf, isSamePrompt, refusePrompt } from '../../../src/agents/claude-code/prompts.ts';

describe('a prompt for Claude Code', () => {
  it.each([
    ['!touch x', 'typed', 'run in a shell'],
    [' !touch x', 'typed', 'run in a shell'],
    ['ends with \\', 'typed', 'backslash'],
    ['a\u001b[201~!ls', 'typed', '0x1b'],
    ['a\rb', 'typed', '0x0d'],
    // Typed, the first is taken as `ab`, and the title that the second begins has no end.
    ['a\u009b31mb', 'typed', '0x9b'],
    ['a\u009db', 'typed', '0x9d'],
    ['/clear', 'typed', 'a command of Claude Code'],
    ['/clear', 'argument', 'a command of Claude Code'],
    ['\u200b/clear', 'argument', 'a command of Claude Code'],
    ['\ufeff!touch x', 'typed', 'run in a shell'],
    ['exit', 'typed', 'would end Claude Code'],
    [' :wq!\n', 'argument', 'would end Claude Code'],
    ['\u200b\u202e', 'typed', 'empty'],
    ['a\0b', 'argument', 'NUL'],
    ['  \n', 'argument', 'empty'],
  ] as const)('is refused: %j, %s', (text, way, why) => {
    expect(refusePrompt(text, way)).toContain(why);
  });

  it.each([
    ['!touch x', 'argument'],
    ['ends with \\', 'argument'],
    ['a\u001b[201~!ls', 'argument'],
    ['1. this\r\n2. that\t  ', 'typed'],
    ['# a heading', 'typed'],
    ['exit the loop', 'typed'],
    ['a\u009b31mb', 'argument'],
    ['a\u00a0\u200b\u2028b 👩‍👩‍👧 ﷽', 'typed'],
  ] as const)('is given as it is: %j, %s', (text, way) => {
    expect(refusePrompt(text, way)).toBeUndefined();
  });

  it('is the same when typing changed its blanks or wrapped it', () => {
    expect(isSamePrompt('a\tb\r\nc  ', 'a    b\nc')).toBe(true);
    expect(isSamePrompt('a\nb', '<pasted_content id="1">\na\nb\n</pasted_content>')).toBe(true);
    expect(isSamePrompt('e\u0301tude', '\u00e9tude')).toBe(true);
    expect(isSamePrompt('\ufeffa\u200bb\u001b[31m \u{e0041}c\ufe0f', 'ab[31m c')).toBe(true);
    expect(isSamePrompt('a', 'b')).toBe(false);
  });

  it('is seen in the input line by its beginning or by the stand-in for a long paste', () => {
    expect(isDraftOf('Now do\n  this', 'Now do\nthis')).toBe(true);
    expect(isDraftOf('[Pasted text #1 +4 lines]', 'x\n'.repeat(9))).toBe(true);
    expect(isDraftOf('x x[...Truncated text #1 +40 lines...]x', 'x x\n'.repeat(9))).toBe(true);
    expect(isDraftOf('n that th\n  en th', 'Now do this, then that, then this')).toBe(false);
    expect(isDraftOf('do this, th\n  en that', 'Now do this, then that, then this')).toBe(true);
    expect(isDraftOf('\u00e9tude', 'Une e\u0301tude')).toBe(true);
    expect(isDraftOf('to do', '\ufeffNow to\u200b do')).toBe(true);
    expect(isDraftOf('', 'Now do this')).toBe(false);
    expect(isDraftOf('Once fixed, resend your message', 'Now do this')).toBe(false);
  });
});
