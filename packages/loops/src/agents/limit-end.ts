/** How long to wait for a limit whose end is not told, in milliseconds. */
const unknownLimit = 30 * 60_000;
/** A reset is told to the minute at best. */
const margin = 30_000;
const halfDay = 12 * 3_600_000;
const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/**
 * When a usage limit ends, in Unix milliseconds: an epoch after a bar (`…reached|1780000000`), a span (`in 2h 5m`), a
 * date (`resets Dec 3, 8:31pm`), or a time of day (`resets 3pm`, `resets at 15:30`); with `UTC`, or else local. Of a time
 * of day the nearest one is meant: at half past three "resets 3pm" is over, and at eleven at night "resets 3am" is yet to
 * come. Of a date the year is the nearest one.
 */
export function limitEnd(line: string, now: number): number {
  const epoch = /\|(\d{10})(?!\d)/.exec(line)?.[1];
  if (epoch !== undefined) return Number(epoch) * 1000 + margin;
  const span = /\bin (?:(\d+) ?d\w*)? ?(?:(\d+) ?h\w*)? ?(?:(\d+) ?m\w*)?/i.exec(line);
  if (span !== null && span.slice(1).some((part) => part !== undefined)) {
    const [days = 0, hours = 0, minutes = 0] = span.slice(1).map((part) => Number(part ?? 0));
    return now + ((days * 24 + hours) * 60 + minutes) * 60_000 + margin;
  }
  const time =
    /resets?(?: at| on)? (?:([a-z]{3})[a-z]* (\d{1,2}),? (?:at )?)?(\d{1,2})(?::(\d{2}))? ?(am|pm)?/i.exec(
      line,
    );
  if (time === null) return now + unknownLimit;
  const [, month, day, hourText = '0', minuteText = '0', half] = time;
  const hour =
    half === undefined ? Number(hourText) : (Number(hourText) % 12) + (half.toLowerCase() === 'pm' ? 12 : 0);
  if (hour > 23 || Number(minuteText) > 59) return now + unknownLimit;
  const isUtc = /\butc\b|\bgmt\b/i.test(line);
  const end = new Date(now);
  if (month === undefined) {
    setTime(end, isUtc, hour, Number(minuteText));
    if (end.getTime() < now - halfDay) end.setTime(end.getTime() + 2 * halfDay);
    if (end.getTime() > now + halfDay) end.setTime(end.getTime() - 2 * halfDay);
    return end.getTime() + margin;
  }
  const index = months.indexOf(month.toLowerCase());
  if (index === -1) return now + unknownLimit;
  if (isUtc) end.setUTCMonth(index, Number(day));
  else end.setMonth(index, Number(day));
  setTime(end, isUtc, hour, Number(minuteText));
  // In December a date in January is one of the next year.
  if (end.getTime() < now - 365 * halfDay) end.setFullYear(end.getFullYear() + 1);
  // In January a date in December is one of the last year, and over.
  if (end.getTime() > now + 365 * halfDay) end.setFullYear(end.getFullYear() - 1);
  return end.getTime() + margin;
}

function setTime(date: Date, isUtc: boolean, hour: number, minute: number): void {
  if (isUtc) date.setUTCHours(hour, minute, 0, 0);
  else date.setHours(hour, minute, 0, 0);
}
