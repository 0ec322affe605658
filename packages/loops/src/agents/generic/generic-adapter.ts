import { randomUUID } from 'node:crypto';
import type { AgentAdapter } from '../agent-adapter.ts';
import type { AgentSign, SignPatterns } from '../agent-signs.ts';
import { limitEnd } from '../limit-end.ts';

/**
 * A program of which nothing is known but what the config says: its two command lines, what its screen shows when it is
 * ready, in a menu, at a limit or logged out. A prompt is typed, and no word comes back about it.
 */
export const genericAdapter: AgentAdapter = {
  name: 'generic',
  chooseStart: async ({ loop, session, begun }) => ({
    session: session ?? randomUUID(),
    goesOn: begun && loop.resume !== undefined,
  }),
  command: ({ loop, goesOn, words }) => {
    const command = (goesOn ? loop.resume : undefined) ?? loop.command;
    const tellsWords = loop.prompt?.deliver === 'argument' && !goesOn && words !== undefined;
    return { argv: tellsWords ? [...command, words] : command, tellsWords };
  },
  refusePrompt: () => undefined,
  isSamePrompt: (given, taken) => given === taken,
  isDraftOf: () => false,
  readScreen: (lines, { menu }, patterns, now) => {
    const screen = lines.join('\n');
    const open = menu.find((pattern) => new RegExp(pattern, 'm').test(screen));
    return {
      sign: findSign(lines, patterns, now),
      dialog: open === undefined ? undefined : { words: `a menu (${open})` },
    };
  },
};

/**
 * Reads the last lines of a screen for what the config calls a limit or an expired login. A limit whose reset has passed
 * is none: an agent that goes on with its session shows the old lines again.
 */
function findSign(screen: readonly string[], patterns: SignPatterns, now: number): AgentSign | undefined {
  const lines = screen.filter((line) => line.trim() !== '').slice(-15);
  for (const line of lines.toReversed()) {
    const detail = line.trim().slice(0, 200);
    if (patterns.login.some((pattern) => pattern.test(line))) return { kind: 'login-expired', detail };
    if (patterns.limit.some((pattern) => pattern.test(line))) {
      const until = limitEnd(line, now);
      return until <= now ? undefined : { kind: 'usage-limit', detail, until };
    }
  }
  return undefined;
}
