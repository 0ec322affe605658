import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findAgentSign, limitEnd } from '../../src/agents/agent-signs.ts';

const none = { limit: [], login: [] };
const now = Date.UTC(2026, 4, 31, 12, 0, 0);

describe('what a screen says', () => {
  it.each([
    ["You've hit your session limit · resets 3pm (UTC)", Date.UTC(2026, 4, 31, 15, 0, 30)],
    ['You have hit your limit · resets at 11:30pm UTC', Date.UTC(2026, 4, 31, 23, 30, 30)],
    ['Claude AI usage limit reached|1780300000', 1_780_300_030_000],
    ['weekly limit reached, try again in 2h 5m', now + 125 * 60_000 + 30_000],
    ['usage limit reached', now + 30 * 60_000],
  ])('is a usage limit: %s', (line, until) => {
    expect(findAgentSign(['…', line, '> '], none, now)).toMatchObject({ kind: 'usage-limit', until });
  });

  it.each(['Login expired · Please run /login', 'OAuth session expired', 'OAuth token has expired'])(
    'is an expired login: %s',
    (line) => {
      expect(findAgentSign([line], none, now)).toMatchObject({ kind: 'login-expired' });
    },
  );

  it('is nothing when it is plain output, scrolled away long ago, or a limit that is over', () => {
    expect(findAgentSign(['usage limit reached|1780000000'], none, now)).toBeUndefined();
    expect(findAgentSign(['hit your limit · resets 11am UTC'], none, now)).toBeUndefined();
    expect(findAgentSign(['the rate of the limits is reached by tests', 'done'], none, now)).toBeUndefined();
    expect(
      findAgentSign(['Login expired', ...Array.from({ length: 20 }, (_, n) => `line ${n}`)], none, now),
    ).toBeUndefined();
  });

  it('takes a time of day for the nearest one', () => {
    fc.assert(
      fc.property(fc.constantFrom('resets ', 'resets at '), fc.integer({ min: 0, max: 23 }), (word, hour) => {
        const end = limitEnd(`limit ${word}${hour}:00 UTC`, now);
        expect(new Date(end).getUTCHours()).toBe(hour);
        expect(Math.abs(end - 30_000 - now)).toBeLessThanOrEqual(12 * 3_600_000);
      }),
    );
  });
});
