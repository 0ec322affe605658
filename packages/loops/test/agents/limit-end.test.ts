import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limitEnd } from '../../src/agents/limit-end.ts';

const now = Date.UTC(2026, 4, 31, 12, 0, 0);

describe('the end of a usage limit', () => {
  it.each([
    ["You've hit your session limit · resets 3pm (UTC)", Date.UTC(2026, 4, 31, 15, 0, 30)],
    ['You have hit your limit · resets at 11:30pm UTC', Date.UTC(2026, 4, 31, 23, 30, 30)],
    ["You've hit your weekly limit · resets Jun 3, 8:31pm (UTC)", Date.UTC(2026, 5, 3, 20, 31, 30)],
    ['Claude AI usage limit reached|1780300000', 1_780_300_030_000],
    ['weekly limit reached, try again in 2h 5m', now + 125 * 60_000 + 30_000],
    ['try again in 3d 1h', now + 73 * 3_600_000 + 30_000],
    ['usage limit reached', now + 30 * 60_000],
  ])('is read from: %s', (line, until) => {
    expect(limitEnd(line, now)).toBe(until);
  });

  it.each([
    // Words of Claude Code: the year where it is another one, and the name of its time zone.
    ["You've hit your weekly limit · resets Jan 2, 2027, 3pm (UTC)", Date.UTC(2027, 0, 2, 15, 0, 30)],
    ["You've hit your weekly limit · resets Jan 2, 2027, 3:30am (UTC)", Date.UTC(2027, 0, 2, 3, 30, 30)],
    ["You've hit your session limit · resets 3pm (America/New_York)", Date.UTC(2026, 4, 31, 19, 0, 30)],
    ["You've hit your session limit · resets 1:30am (Asia/Kolkata)", Date.UTC(2026, 4, 31, 20, 0, 30)],
    ["You've hit your weekly limit · resets Nov 3, 8am (America/New_York)", Date.UTC(2026, 10, 3, 13, 0, 30)],
    ['limit (of a team/plan) · resets 3pm (Etc/GMT)', Date.UTC(2026, 4, 31, 15, 0, 30)],
  ])('is in the year and the time zone that are named: %s', (line, until) => {
    expect(limitEnd(line, now)).toBe(until);
  });

  it('is on the day on which clocks are changed what they show then', () => {
    const before = Date.UTC(2026, 9, 31, 22);
    expect(limitEnd('resets 8am (Europe/Berlin)', before)).toBe(Date.UTC(2026, 10, 1, 7, 0, 30));
    const night = Date.UTC(2026, 9, 24, 22);
    expect(limitEnd('resets 8am (Europe/Berlin)', night)).toBe(Date.UTC(2026, 9, 25, 7, 0, 30));
  });

  it('is the next time of day where it was said just now, up to a whole day away', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 24 * 60 - 10 }), (minutes) => {
        const reset = now + minutes * 60_000;
        const line = `You've hit your weekly limit · resets ${new Date(reset).toISOString().slice(11, 16)} (UTC)`;
        expect(limitEnd(line, now, 'fresh')).toBe(reset + 30_000);
      }),
    );
    expect(limitEnd('resets 11:58am (UTC)', now, 'fresh')).toBeLessThan(now);
  });

  it('may be in the next year', () => {
    const end = limitEnd("You've hit your weekly limit · resets Jan 2, 8am (UTC)", Date.UTC(2026, 11, 30));
    expect(end).toBe(Date.UTC(2027, 0, 2, 8, 0, 30));
  });

  it('may be in the last year, and over', () => {
    const end = limitEnd("You've hit your weekly limit · resets Dec 30, 8am (UTC)", Date.UTC(2027, 0, 2));
    expect(end).toBe(Date.UTC(2026, 11, 30, 8, 0, 30));
  });

  it('is the nearest one that a time of day may mean', () => {
    fc.assert(
      fc.property(fc.constantFrom('resets ', 'resets at '), fc.integer({ min: 0, max: 23 }), (word, hour) => {
        const end = limitEnd(`limit ${word}${hour}:00 UTC`, now);
        expect(new Date(end).getUTCHours()).toBe(hour);
        expect(Math.abs(end - 30_000 - now)).toBeLessThanOrEqual(12 * 3_600_000);
      }),
    );
  });
});
