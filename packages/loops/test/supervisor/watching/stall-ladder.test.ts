import { describe, expect, it } from 'vitest';
import { judgeProgress } from '../../../src/supervisor/watching/judge-progress.ts';
import type { ProgressSigns } from '../../../src/supervisor/watching/progress.ts';
import { nextRung, type StallState } from '../../../src/supervisor/watching/stall-ladder.ts';

describe('the ladder', () => {
  it('takes its rungs in order, each in its time, and ends', () => {
    const policy = { after: 1000, rungDelay: 200 };
    const taken: [number, string][] = [];
    let state = { progressAt: 0, taken: 0, rungAt: 0, answered: 0 };
    for (let time = 0; time <= 5000; time += 50) {
      const next = nextRung(state, policy, time);
      if (next === undefined) continue;
      taken.push([time, next.rung]);
      state = { ...state, taken: next.taken, rungAt: time };
    }
    expect(taken).toEqual([
      [1000, 'nudge'],
      [1200, 'interrupt'],
      [1400, 'resume'],
      [1600, 'fresh'],
      [1800, 'escalate'],
    ]);
  });

  it('ends at a person when an agent answers each nudge, and does nothing', () => {
    const policy = { after: 1000, rungDelay: 200 };
    const rungs: string[] = [];
    let state: StallState = { progressAt: 0, taken: 0, rungAt: 0, answered: 0 };
    let steps = 0;
    const signs = (): ProgressSigns => ({
      screen: '',
      refs: 0,
      heartbeat: 0,
      cpu: 0,
      children: '',
      steps,
      actions: 0,
    });
    let before = signs();
    for (let time = 0; time <= 20_000; time += 100) {
      const next = nextRung(state, policy, time);
      if (next !== undefined) {
        rungs.push(next.rung);
        state = { ...state, taken: next.taken, rungAt: time };
        // It says that it waits, and waits.
        if (next.rung === 'nudge') steps += 1;
      }
      state = judgeProgress(state, before, signs(), 1, time).stall;
      before = signs();
    }
    expect(rungs).toEqual(['nudge', 'nudge', 'nudge', 'escalate']);
    const worked = judgeProgress(state, before, { ...signs(), actions: 1 }, 1, 30_000);
    expect(worked.stall).toMatchObject({ taken: 0, answered: 0 });
  });
});
