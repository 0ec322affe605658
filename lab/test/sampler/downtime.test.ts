import { expect, test } from 'vitest';
import { type Downtime, nextDowntime, secondsOf } from '../../src/sampler/downtime.ts';

const after = (...samples: readonly (readonly [now: number, onOld: boolean, wholeOnNew: boolean])[]) => {
  let downtime: Downtime = { oldEnded: undefined, allOnNew: undefined };
  for (const [now, onOld, wholeOnNew] of samples)
    downtime = nextDowntime(downtime, { now, onOld, wholeOnNew });
  return secondsOf(downtime);
};

test('a downtime is from the last loop on the old host to the whole rig on the new one', () => {
  expect(after([0, true, false], [100, true, false], [200, false, false], [2100, false, true])).toBe(2);
  expect(after([0, true, false], [100, false, false])).toBeUndefined();
});

test('loops that come back to the old host later, by a way back, change nothing of it', () => {
  const move = [
    [0, true, false],
    [100, false, false],
    [3000, false, true],
  ] as const;
  expect(after(...move, [70_000, false, false], [80_000, true, false])).toBe(3);
});
