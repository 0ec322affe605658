import { expect, it } from 'vitest';
import { decideAfterExit } from '../../../src/supervisor/ending/after-exit.ts';

const restart = {
  policy: 'always',
  initialDelay: 100,
  maxDelay: 60_000,
  factor: 2,
  jitter: 0,
  resetAfter: 60_000,
  maxRestarts: 3,
} as const;

it.each(['crash', 'lost'] as const)('bounds the restarts of one that was ended by: %s', (cause) => {
  const delays: (number | undefined)[] = [];
  let recentRestarts = 0;
  for (let count = 0; count < 4; count += 1) {
    const decision = decideAfterExit({ restart }, { recentRestarts, ranFor: 1000 }, cause);
    delays.push(decision.restartInMs);
    recentRestarts = decision.recentRestarts;
  }
  expect(delays).toEqual([100, 200, 400, undefined]);
});
