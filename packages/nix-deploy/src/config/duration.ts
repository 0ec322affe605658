const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `1500ms`, `60s`, `5m`, `1h`, `7d` → milliseconds. */
export function parseDuration(text: string): number | undefined {
  const found = /^(\d+)(ms|s|m|h|d)$/.exec(text);
  const unit = found?.[2];
  if (found === null || !isUnit(unit)) return undefined;
  return Number(found[1]) * units[unit];
}

function isUnit(unit: string | undefined): unit is keyof typeof units {
  return unit !== undefined && unit in units;
}
