import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Place } from '../../../src/network/cut.ts';
import { goOn, stageCutover, type Staged } from './staged.ts';

let staged: Staged;
beforeAll(async () => {
  staged = await stageCutover();
}, 900_000);
afterAll(() => staged[Symbol.asyncDispose]());

const pairs: readonly (readonly [Place, Place])[] = [
  ['runner', 'pi'],
  ['runner', 'new'],
  ['runner', 'forge'],
  ['pi', 'forge'],
  ['new', 'forge'],
];
const forward = ['release-ownership', 'quiesce-old', 'last-sync', 'grant-ownership', 'start-new'];
const back = [
  'back-release-ownership',
  'back-quiesce-new',
  'back-sync',
  'back-grant-ownership',
  'back-start-old',
];
/** How long it lasts, in seconds: a hiccup, and more than any connection waits. */
const lengths = [5, 60];

/** Cuts the network when `step` is looked at, and mends it after so many seconds. */
async function withCut(
  argv: readonly string[],
  step: string,
  between: readonly [Place, Place],
  seconds: number,
) {
  let cut: Promise<void> | undefined;
  const end = await staged.cutover(argv, {
    onEvent(event) {
      if (event.type !== 'looking' || event.step !== step || cut !== undefined) return;
      cut = (async () => {
        await using held = await staged.cut(between);
        void held;
        await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
      })();
    },
  });
  expect(cut, `${step} was never looked at`).toBeDefined();
  await cut;
  return end;
}

describe.each(pairs)('a cut between %s and %s', (...between) => {
  for (const seconds of lengths) {
    it.each(forward)(`of ${seconds} s at %s: forward it goes`, async (step) => {
      await goOn(staged, await withCut(['run', '--yes', '--until', 'cold-standby'], step, between, seconds));
      expect(await staged.settled()).toBe('new');
      await goOn(staged, await staged.cutover(['rollback', '--yes']));
      expect(await staged.settled()).toBe('old');
      staged.seen();
    });
    it.each(back)(`of ${seconds} s at %s: back it goes`, async (step) => {
      await goOn(staged, await staged.cutover(['run', '--yes', '--until', 'cold-standby']));
      expect(await staged.settled()).toBe('new');
      await goOn(staged, await withCut(['rollback', '--yes'], step, between, seconds));
      expect(await staged.settled()).toBe('old');
      staged.seen();
    });
  }
});
