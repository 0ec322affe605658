import type { ScreenReading } from '../agent-adapter.ts';
import { type AgentSign, type SignPatterns } from '../agent-signs.ts';
import { holdsPaste } from './prompts.ts';
import { failureSign } from './signs.ts';

const rule = /^─{20,}/;
/** Before a choice of a dialog it is indented; at the beginning of a line it stands before a prompt that was given. */
const cursor = /^\s+❯\s/;
/** How many lines from the end of a screen a dialog may take. */
const dialogLines = 30;

/** Dialogs that Escape leaves without an answer: a menu below a usage limit, and what it offers about itself. */
const leaveable = [/Stop and wait for limit to reset/, /Try the new fullscreen renderer\?/];

/**
 * Reads the screen of Claude Code from below. Its input line stands between two rules; while a dialog is open there is
 * none, but a cursor on one of the choices, which have numbers in some versions and none in others. What stands above is
 * what was said, prompts that begin like a menu among it; a session that goes on shows that before its input line.
 */
export function readScreen(screen: readonly string[], patterns: SignPatterns, now: number): ScreenReading {
  const lines = screen.map((line) => line.trimEnd()).filter((line) => line !== '');
  const rules = lines.flatMap((line, index) => (rule.test(line) ? [index] : []));
  const last = rules.at(-1);
  const before = rules.at(-2);
  if (last !== undefined && before !== undefined && isInput(lines.slice(before + 1, last))) {
    const draft = draftOf(lines.slice(before + 1, last));
    return {
      takesPrompt: true,
      draft,
      holdsPaste: holdsPaste(draft),
      sign: signOf(lines.slice(0, before), patterns, now),
    };
  }
  const below = lines.slice(Math.max(last === undefined ? 0 : last + 1, lines.length - dialogLines));
  if (!below.some((line) => cursor.test(line))) return { takesPrompt: false };
  const text = below.join('\n');
  const words = below
    .filter((line) => !cursor.test(line))
    .map((line) => line.trim())
    .filter((line) => /\w{2}/.test(line))
    .slice(0, 3)
    .join(' ')
    .slice(0, 200);
  const key = leaveable.some((one) => one.test(text)) ? 'Escape' : undefined;
  return { takesPrompt: false, dialog: { words, key } };
}

/** It looks for a session below its home, and some versions below the directory only that they were started in. */
export function refusesSession(lines: readonly string[], session: string): boolean {
  const last = lines.findLast((line) => line.trim() !== '');
  return last?.trim() === `No conversation found with session ID: ${session}`;
}

function isInput(lines: readonly string[]): boolean {
  return /^[❯!]/.test(lines[0] ?? '');
}

/** A hint that stands in an empty input line cannot be told from a draft. */
function draftOf(lines: readonly string[]): string {
  return lines.map((line, index) => (index === 0 ? line.slice(1) : line).trim()).join('\n');
}

/** Why the last turn failed, from the lines under its prompt: those that the program itself writes. */
function signOf(lines: readonly string[], patterns: SignPatterns, now: number): AgentSign | undefined {
  const prompt = lines.findLastIndex((line) => /^❯ (?!\/rate-limit-options)/.test(line));
  const answer = lines.slice(prompt + 1);
  // Where tools ran, the words may be of one of their results.
  if (answer.some((line) => /^● \w+\(/.test(line))) return undefined;
  for (const line of answer) {
    const words = /^\s*[⎿●]\s+(.*)$/.exec(line)?.[1];
    const sign = words === undefined ? undefined : failureSign(words, patterns, now);
    if (sign !== undefined) return sign;
  }
  return undefined;
}
