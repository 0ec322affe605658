import { describe, expect, it } from 'vitest';
import { normaliseScreen, progressed } from '../../../src/supervisor/watching/progress.ts';

describe('progress', () => {
  const signs = { screen: 'a', refs: 1, heartbeat: 0, cpu: 1000, children: '1 2', steps: 0, actions: 0 };

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
    for (const change of [
      { screen: 'b' },
      { refs: 2 },
      { heartbeat: 1 },
      { steps: 1 },
      { children: '1 3' },
    ]) {
      expect(progressed(signs, { ...signs, ...change }, 5)).toBe(true);
    }
  });
});
