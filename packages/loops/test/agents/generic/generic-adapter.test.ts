import { describe, expect, it } from 'vitest';
import { signPatterns } from '../../../src/agents/agent-signs.ts';
import { genericAdapter } from '../../../src/agents/generic/generic-adapter.ts';
import { parseRigConfig } from '../../../src/config/load-rig-config.ts';

const now = Date.UTC(2026, 4, 31, 12, 0, 0);
const config = parseRigConfig(
  JSON.stringify({
    rig: 'demo',
    workspace: '/',
    loops: { one: { command: ['cat'] } },
    limitPatterns: ['limit reached'],
    loginPatterns: ['^Login expired'],
  }),
  '/loops.yaml',
);
const [loop] = config.loops;
if (loop === undefined) throw new Error('no loop');
const read = (lines: readonly string[], patterns = signPatterns(config)) =>
  genericAdapter.readScreen(lines, loop, patterns, now);

describe('the screen of a generic agent', () => {
  it('says what the config calls a limit or an expired login', () => {
    expect(read(['…', 'usage limit reached|1780300000', '> ']).sign).toEqual({
      kind: 'usage-limit',
      detail: 'usage limit reached|1780300000',
      until: 1_780_300_030_000,
    });
    expect(read(['Login expired · enter a code']).sign?.kind).toBe('login-expired');
  });

  it('says nothing by itself, by a limit that is over, or by what scrolled away', () => {
    const none = { limit: [], login: [] };
    for (const line of [
      'it refuses an Invalid API key with 401',
      'the rate limit reached its cap',
      "You've hit your session limit · resets 3pm",
      'Please run /login',
    ])
      expect(read([line], none).sign).toBeUndefined();
    expect(read(['usage limit reached|1780000000']).sign).toBeUndefined();
    const later = Array.from({ length: 20 }, (_, n) => `line ${n}`);
    expect(read(['Login expired', ...later]).sign).toBeUndefined();
  });
});
