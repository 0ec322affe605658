import type { AgentEvent } from '../agent-event.ts';
import type { AgentSign, SignPatterns } from '../agent-signs.ts';
import { limitEnd } from '../limit-end.ts';

/** Whole sentences of the program's own, from their first word: an agent that talks about such things begins otherwise. */
const limits = [/^You've hit your (?:[\w-]+ )*limit\b/i, /^Claude (?:AI )?usage limit reached/i];
const logins = [
  /^Please run \/login\b/,
  /^OAuth token revoked\b/,
  /^Not logged in\b/,
  /^Failed to authenticate\b/,
  /^Your account does not have access to Claude\b/,
  /^Your organization has disabled Claude subscription access\b/,
  /^Invalid API key\b/,
  /^Login expired\b/,
];
const billings = [/^Credit balance (?:is )?too low\b/];

/** What a line that the program wrote in place of an answer is a sign of. A limit that is over is none. */
export function failureSign(
  words: string,
  patterns: SignPatterns,
  now: number,
  age: 'fresh' | 'unknown' = 'unknown',
): AgentSign | undefined {
  const detail = words.slice(0, 200);
  const matches = (expressions: readonly RegExp[]): boolean => expressions.some((one) => one.test(words));
  if (matches(limits) || matches(patterns.limit)) {
    const until = limitEnd(words, now, age);
    return until <= now ? undefined : { kind: 'usage-limit', detail, until };
  }
  if (matches(logins) || matches(patterns.login)) return { kind: 'login-expired', detail };
  return matches(billings) ? { kind: 'billing', detail } : undefined;
}

/** What a turn that failed is a sign of, as its hook told at `now`; a cause that was named needs no known wording. */
export function signOfFailure(
  { cause, words }: Extract<AgentEvent, { type: 'failed' }>,
  now: number,
): AgentSign | undefined {
  const detail = words.slice(0, 200);
  if (cause === 'usage-limit')
    return { kind: cause, detail, until: Math.max(limitEnd(words, now, 'fresh'), now + 1000) };
  if (cause !== 'other') return { kind: cause, detail };
  return failureSign(words, { limit: [], login: [] }, now, 'fresh');
}
