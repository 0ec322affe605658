/** How long to wait for a limit whose end is not told, in milliseconds. */
const unknownLimit = 30 * 60_000;
/** A reset is told to the minute at best. */
const margin = 30_000;
/** How long a reset may be over by the clock here when a limit is told that is not over: two clocks differ. */
const skew = 5 * 60_000;
const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/**
 * When a usage limit ends, in Unix milliseconds: an epoch after a bar (`…reached|1780000000`), a span (`in 2h 5m`), a
 * date (`resets Dec 3, 8:31pm`, `resets Jan 2, 2027, 8am`), or a time of day (`resets 3pm`, `resets at 15:30`); in the
 * time zone that is named (`(UTC)`, `(Europe/Berlin)`), or else in the local one. Of a date without a year the nearest
 * year is meant.
 *
 * Of a time of day the next one is meant where the words are `fresh`, said just now: a limit may be a whole day away.
 * Words of unknown age mean the nearest one: at half past three "resets 3pm" is over, and at eleven at night "resets 3am"
 * is yet to come.
 */
export function limitEnd(line: string, now: number, age: 'fresh' | 'unknown' = 'unknown'): number {
  const epoch = /\|(\d{10})(?!\d)/.exec(line)?.[1];
  if (epoch !== undefined) return Number(epoch) * 1000 + margin;
  const span = /\bin (?:(\d+) ?d\w*)? ?(?:(\d+) ?h\w*)? ?(?:(\d+) ?m\w*)?/i.exec(line);
  if (span !== null && span.slice(1).some((part) => part !== undefined)) {
    const [days = 0, hours = 0, minutes = 0] = span.slice(1).map((part) => Number(part ?? 0));
    return now + ((days * 24 + hours) * 60 + minutes) * 60_000 + margin;
  }
  const time =
    /resets?(?: at| on)? (?:([a-z]{3})[a-z]* (\d{1,2}),? (?:(\d{4}),? )?(?:at )?)?(\d{1,2})(?::(\d{2}))?\s?(am|pm)?/i.exec(
      line,
    );
  if (time === null) return now + unknownLimit;
  const [, month, day, year, hourText = '0', minuteText = '0', half] = time;
  const hour =
    half === undefined ? Number(hourText) : (Number(hourText) % 12) + (half.toLowerCase() === 'pm' ? 12 : 0);
  if (hour > 23 || Number(minuteText) > 59) return now + unknownLimit;
  const zone = zoneOf(line);
  const today = new Date(clockIn(zone, now));
  const at = (inYear: number, inMonth: number, onDay: number): number =>
    momentOf(zone, Date.UTC(inYear, inMonth, onDay, hour, Number(minuteText)));
  const thisYear = today.getUTCFullYear();
  if (month === undefined) {
    const days = [-1, 0, 1, 2].map((more) => at(thisYear, today.getUTCMonth(), today.getUTCDate() + more));
    const next = days.find((one) => one >= now - skew);
    return (age === 'fresh' && next !== undefined ? next : nearest(days, now)) + margin;
  }
  const index = months.indexOf(month.toLowerCase());
  if (index === -1) return now + unknownLimit;
  const years = year === undefined ? [thisYear - 1, thisYear, thisYear + 1] : [Number(year)];
  return (
    nearest(
      years.map((one) => at(one, index, Number(day))),
      now,
    ) + margin
  );
}

function nearest(moments: readonly number[], now: number): number {
  return moments.reduce((best, one) => (Math.abs(one - now) < Math.abs(best - now) ? one : best));
}

/** The time zone that a line names; `undefined`: the local one. */
function zoneOf(line: string): string | undefined {
  if (/\butc\b|\bgmt\b/i.test(line)) return 'UTC';
  const name = /\((\w+(?:[/+-]\w+)+)\)/.exec(line)?.[1];
  try {
    return name === undefined
      ? undefined
      : new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    // Something else in brackets, or a zone that is not known here.
    return undefined;
  }
}

/** What the clocks of a time zone show at a moment, as the moment at which those of UTC show it; to the second. */
function clockIn(timeZone: string | undefined, moment: number): number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const parts = new Map(format.formatToParts(moment).map(({ type, value }) => [type, Number(value)]));
  const part = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? 0;
  return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
}

/** The moment at which the clocks of a time zone show a time, which is given as if it were one of UTC. */
function momentOf(timeZone: string | undefined, clock: number): number {
  const offsetAt = (moment: number): number => clockIn(timeZone, moment) - moment;
  // The clocks may be changed between the first guess and the moment itself.
  return clock - offsetAt(clock - offsetAt(clock));
}
