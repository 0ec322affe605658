/** What an agent's screen says about why it cannot go on. */
export type AgentSign =
  | { readonly kind: 'usage-limit'; readonly detail: string; readonly until: number }
  | { readonly kind: 'login-expired'; readonly detail: string };

const limitPatterns = [
  /hit your (?:\w+ )?limit/i,
  /(?:usage|session|weekly|rate) limit reached/i,
  /out of (?:extra )?usage/i,
];
const loginPatterns = [
  /login (?:has )?expired/i,
  /oauth (?:session|token)(?: has)? expired/i,
  /please run \/login/i,
  /invalid api key/i,
];
/** How long to wait for a limit whose end is not told, in milliseconds. */
const unknownLimit = 30 * 60_000;
/** A reset is told to the minute at best. */
const margin = 30_000;
const halfDay = 12 * 3_600_000;

/**
 * Reads the last lines of a screen for a usage limit or an expired login. A limit whose reset has passed is none: an
 * agent that goes on with its session shows the old lines again.
 *
 * @param more patterns besides the known ones.
 * @param now Unix milliseconds.
 */
export function findAgentSign(
  screen: readonly string[],
  more: { readonly limit: readonly RegExp[]; readonly login: readonly RegExp[] },
  now: number,
): AgentSign | undefined {
  const lines = screen.filter((line) => line.trim() !== '').slice(-15);
  for (const line of lines.toReversed()) {
    if ([...loginPatterns, ...more.login].some((pattern) => pattern.test(line))) {
      return { kind: 'login-expired', detail: line.trim().slice(0, 200) };
    }
    if ([...limitPatterns, ...more.limit].some((pattern) => pattern.test(line))) {
      const until = limitEnd(line, now);
      return until <= now ? undefined : { kind: 'usage-limit', detail: line.trim().slice(0, 200), until };
    }
  }
  return undefined;
}

/**
 * When a usage limit ends, in Unix milliseconds: an epoch after a bar (`…reached|1780000000`), a span (`in 2h 5m`), or a
 * time of day (`resets 3pm`, `resets at 15:30`, with `UTC` or else local). Of a time of day the nearest one is meant: at
 * half past three "resets 3pm" is over, and at eleven at night "resets 3am" is yet to come.
 */
export function limitEnd(line: string, now: number): number {
  const epoch = /\|(\d{10})(?!\d)/.exec(line)?.[1];
  if (epoch !== undefined) return Number(epoch) * 1000 + margin;
  const span = /\bin (?:(\d+) ?h\w*)? ?(?:(\d+) ?m\w*)?/i.exec(line);
  if (span?.[1] !== undefined || span?.[2] !== undefined) {
    return now + (Number(span[1] ?? 0) * 60 + Number(span[2] ?? 0)) * 60_000 + margin;
  }
  const time = /resets?(?: at)? (\d{1,2})(?::(\d{2}))? ?(am|pm)?/i.exec(line);
  if (time === null) return now + unknownLimit;
  const [, hourText = '0', minuteText = '0', half] = time;
  const hour =
    half === undefined ? Number(hourText) : (Number(hourText) % 12) + (half.toLowerCase() === 'pm' ? 12 : 0);
  if (hour > 23 || Number(minuteText) > 59) return now + unknownLimit;
  const end = new Date(now);
  if (/\butc\b|\bgmt\b/i.test(line)) end.setUTCHours(hour, Number(minuteText), 0, 0);
  else end.setHours(hour, Number(minuteText), 0, 0);
  if (end.getTime() < now - halfDay) end.setTime(end.getTime() + 2 * halfDay);
  if (end.getTime() > now + halfDay) end.setTime(end.getTime() - 2 * halfDay);
  return end.getTime() + margin;
}
