import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffDelay } from '../../../src/supervisor/ending/backoff.ts';

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
