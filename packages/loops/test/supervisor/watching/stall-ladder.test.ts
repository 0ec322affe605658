import { describe, expect, it } from 'vitest';
import { nextRung } from '../../../src/supervisor/watching/stall-ladder.ts';

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
