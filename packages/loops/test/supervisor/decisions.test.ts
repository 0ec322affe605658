import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findAgentSign, limitEnd } from '../../src/supervisor/agent-signs.ts';
import { backoffDelay } from '../../src/supervisor/backoff.ts';
import { explainExit } from '../../src/supervisor/explain-exit.ts';
import { normaliseScreen, progressed } from '../../src/supervisor/progress.ts';
import { nextRung } from '../../src/supervisor/stall-ladder.ts';

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

describe('why an agent ended', () => {
  const pane = { session: 'one', id: '%1', pid: 2, run: 'a run', serverPid: 1, activity: 0 };

  it.each([
    [0, undefined, 'clean'],
    [3, undefined, 'crash'],
    [undefined, 9, 'killed'],
    [undefined, undefined, 'killed'],
  ])(
    'is told by its exit code %s and signal %s, also while a child holds its terminal',
    (code, signal, cause) => {
      for (const dead of [true, false]) {
        expect(explainExit({ ...pane, dead, exitCode: code, exitSignal: signal }, undefined, false)).toBe(
          cause,
        );
      }
    },
  );

  it('is lost with its terminal, and is what its screen says, whatever its exit code', () => {
    expect(explainExit(undefined, undefined, false)).toBe('lost');
    const ended = { ...pane, dead: true, exitCode: 0, exitSignal: undefined };
    expect(explainExit(ended, { kind: 'login-expired', detail: '' }, false)).toBe('login-expired');
  });
});

describe('backoff', () => {
  it('grows up to its cap, jitter included, and is never negative', () => {
    const policy = { initialDelay: 100, maxDelay: 60_000, factor: 2, jitter: 0.2 };
    fc.assert(
      fc.property(fc.nat(10_000), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempt, random) => {
        const delay = backoffDelay(policy, attempt, random);
        const whole = Math.min(60_000, 100 * 2 ** Math.min(attempt, 64));
        expect(delay).toBeGreaterThanOrEqual(Math.floor(whole * 0.8));
        expect(delay).toBeLessThanOrEqual(whole);
      }),
    );
  });
});

describe('progress', () => {
  const signs = { screen: 'a', refs: 1, heartbeat: 0, cpu: 1000, children: '1 2' };

  it('is not what a spinner or a clock changes', () => {
    const screen = (spinner: string, seconds: number): string =>
      normaliseScreen(['Working', `${spinner} thinking (${seconds}s · 12.${seconds}k tokens)`], []);
    expect(screen('✳', 3)).toBe(screen('✶', 58));
    expect(normaliseScreen(['Working'], [])).not.toBe(normaliseScreen(['Done'], []));
    expect(normaliseScreen(['x', 'tip: a'], [/^tip:/])).toBe(normaliseScreen(['x', 'tip: b'], [/^tip:/]));
  });

  it('is each sign by itself, so a silent build that works is no stall', () => {
    expect(progressed(signs, { ...signs, cpu: 1010 }, 5)).toBe(false);
    expect(progressed(signs, { ...signs, cpu: 1200 }, 5)).toBe(true);
    for (const change of [{ screen: 'b' }, { refs: 2 }, { heartbeat: 1 }, { children: '1 3' }]) {
      expect(progressed(signs, { ...signs, ...change }, 5)).toBe(true);
    }
  });
});

describe('the ladder', () => {
  it('takes its rungs in order, each in its time, and ends', () => {
    const policy = { after: 1000, rungDelay: 200 };
    const taken: [number, string][] = [];
    let state = { progressAt: 0, taken: 0, rungAt: 0 };
    for (let time = 0; time <= 5000; time += 50) {
      const rung = nextRung(state, policy, time);
      if (rung === undefined) continue;
      taken.push([time, rung]);
      state = { ...state, taken: state.taken + 1, rungAt: time };
    }
    expect(taken).toEqual([
      [1000, 'nudge'],
      [1200, 'interrupt'],
      [1400, 'resume'],
      [1600, 'fresh'],
      [1800, 'escalate'],
    ]);
  });
});
