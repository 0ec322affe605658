const units = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 } as const;

/** What a size looks like: `512MiB`, `1.5GiB`. */
export const sizePattern: RegExp = /^(\d+(?:\.\d+)?)(B|KiB|MiB|GiB|TiB)$/;

/** The rule in words, for messages. */
export const sizeRule = 'a size is a number with KiB, MiB, GiB or TiB, e.g. 2GiB';

/** `512MiB`, `1.5GiB` → bytes; `undefined`: not a size. */
export function parseSize(text: string): number | undefined {
  const [, amount, unit] = sizePattern.exec(text) ?? [];
  return unit !== undefined && isUnit(unit) ? Math.round(Number(amount) * units[unit]) : undefined;
}

/** Bytes as people say them, in the largest unit of which there is at least one: `512 B`, `1.5 GiB`. */
export function formatSize(bytes: number): string {
  const [unit, factor] =
    Object.entries(units)
      .toReversed()
      .find(([, one]) => bytes >= one) ?? (['B', 1] as const);
  const amount = bytes / factor;
  return `${amount >= 100 || Number.isInteger(amount) ? Math.round(amount) : amount.toFixed(1)} ${unit}`;
}

function isUnit(unit: string): unit is keyof typeof units {
  return Object.hasOwn(units, unit);
}
