import type { TokenUsage } from '../../agents/agent-adapter.ts';
import type { LoopUsage } from '../../state/rig-state.ts';

const none: TokenUsage = { input: 0, cacheWrite: 0, cacheRead: 0, output: 0 };

/**
 * What a loop has used, once a transcript was read as far as `usage`: what was counted of it before is not counted again.
 * Pure.
 *
 * @param day in UTC, as `2026-05-31`.
 */
export function countUsage(
  before: LoopUsage | undefined,
  transcript: string,
  usage: TokenUsage,
  day: string,
): LoopUsage {
  const counted = before?.counted.transcript === transcript ? before.counted.usage : none;
  const total = before?.total ?? none;
  // The program removes old transcripts of subagents: what was used stays used.
  const since = (part: keyof TokenUsage): number => Math.max(0, usage[part] - counted[part]);
  const more = {
    input: since('input'),
    cacheWrite: since('cacheWrite'),
    cacheRead: since('cacheRead'),
    output: since('output'),
  };
  const today = before?.day === day ? before.dayTokens : 0;
  return {
    total: {
      input: total.input + more.input,
      cacheWrite: total.cacheWrite + more.cacheWrite,
      cacheRead: total.cacheRead + more.cacheRead,
      output: total.output + more.output,
    },
    day,
    dayTokens: today + more.input + more.cacheWrite + more.output,
    counted: { transcript, usage },
  };
}

/** The day of a time in UTC, and when the next one begins; Unix milliseconds. */
export function dayOf(now: number): { readonly day: string; readonly next: number } {
  const day = new Date(now).toISOString().slice(0, 10);
  return { day, next: Date.parse(day) + 24 * 3_600_000 };
}
