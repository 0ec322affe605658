import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cutAt, type PlannedCut } from '../../../src/network/cut-at.ts';
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
const forwards = ['run', '--yes', '--until', 'cold-standby'];
/** A step of the way there, and one of the way back. */
const steps = [
  ['release-ownership', 'back-release-ownership'],
  ['quiesce-old', 'back-quiesce-new'],
  ['last-sync', 'back-sync'],
  ['grant-ownership', 'back-grant-ownership'],
  ['start-new', 'back-start-old'],
] as const;
/** How long it lasts, in seconds: a hiccup, and more than any connection waits. */
const lengths = [5, 60];

async function withCut(argv: readonly string[], cut: PlannedCut) {
  const cuts = cutAt(staged.lab, staged.hosts, [cut]);
  const end = await staged.cutover(argv, { onEvent: (event) => cuts.event(event) });
  expect(await cuts.settled()).toEqual([cut]);
  return end;
}

describe.each(pairs)('a cut between %s and %s', (...between) => {
  describe.each(lengths)('of %d s', (seconds) => {
    it.each(steps)('at %s and at %s: there and back it goes', async (there, back) => {
      await goOn(staged, await withCut(forwards, { step: there, between, seconds }));
      expect(await staged.settled()).toBe('new');
      await goOn(staged, await withCut(['rollback', '--yes'], { step: back, between, seconds }));
      expect(await staged.settled()).toBe('old');
      staged.seen();
    });
  });
});
