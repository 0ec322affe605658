import { acted, progressed, type ProgressSigns } from './progress.ts';
import type { StallState } from './stall-ladder.ts';

/**
 * What a look means for an agent's place on the ladder. After work the ladder begins at its first rung again. An agent that answers a nudge with
 * words only is not stalled now, yet its answer is counted: it may answer so for ever. Pure.
 */
export function judgeProgress(
  stall: StallState,
  before: ProgressSigns | undefined,
  now: ProgressSigns,
  seconds: number,
  at: number,
): { readonly moved: boolean; readonly stall: StallState } {
  if (before === undefined || !progressed(before, now, seconds)) return { moved: false, stall };
  if (stall.taken + stall.answered === 0 || acted(before, now, seconds))
    return { moved: true, stall: { progressAt: at, taken: 0, rungAt: at, answered: 0 } };
  const answered = stall.answered + (stall.taken > 0 ? 1 : 0);
  return { moved: true, stall: { progressAt: at, taken: 0, rungAt: at, answered } };
}
