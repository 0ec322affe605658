import { expect, it } from 'vitest';
import { signOfFailure } from '../../../src/agents/claude-code/signs.ts';

const now = Date.UTC(2026, 4, 31, 12);

it.each(['usage-limit', 'other'] as const)(
  'waits for a limit that a turn has just failed by (%s), also one that ends tomorrow',
  (cause) => {
    const words = "You've hit your weekly limit · resets 8am (UTC)";
    const sign = signOfFailure({ type: 'failed', session: 's', cause, words }, now);
    expect(sign).toMatchObject({ kind: 'usage-limit', until: Date.UTC(2026, 5, 1, 8, 0, 30) });
  },
);
