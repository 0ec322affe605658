/** What of a screen is of the machine and the day that it was recorded on. */
export interface Places {
  /** The home of the person. */
  readonly home: string;
  /** The name of the machine. */
  readonly machine: string;
  readonly now: Date;
}

/** The day that the page tells of. */
const day = Date.UTC(2026, 4, 31);
const oneDay = 24 * 3600 * 1000;

/**
 * A screen with days, addresses and paths that mean something to every reader. Names, hashes, hours, and what took how long stay
 * as they were.
 */
export function readable(screen: string, { home, machine, now }: Places): string {
  const addresses = new Map<string, string>();
  const addressOf = (address: string): string => {
    const known = addresses.get(address) ?? `10.0.0.${addresses.size + 11}`;
    addresses.set(address, known);
    return known;
  };
  const today = Date.parse(now.toISOString().slice(0, 10));
  const dayOf = (date: string): string =>
    new Date(day + Math.round((Date.parse(date) - today) / oneDay) * oneDay).toISOString().slice(0, 10);
  return screen
    .replaceAll(home, '/home/ada')
    .replaceAll(` on ${machine} since `, ' on laptop since ')
    .replaceAll(/\b10\.\d+\.\d+\.\d+\b/g, addressOf)
    .replaceAll(/\b20\d\d-\d\d-\d\d/g, dayOf)
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .trimEnd();
}
