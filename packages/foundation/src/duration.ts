const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** What a duration looks like: `500ms`, `60s`, `1.5m`, `24h`, `7d`. */
export const durationPattern: RegExp = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/** The rule in words, for messages. */
export const durationRule = 'a duration is a number with ms, s, m, h or d, e.g. 60s';

/** `500ms`, `60s`, `1.5m`, `24h`, `7d` → milliseconds; `undefined`: not a duration. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit] = durationPattern.exec(text) ?? [];
  return unit !== undefined && isUnit(unit) ? Math.round(Number(amount) * units[unit]) : undefined;
}

/** Milliseconds as people say them: `0.4s`, `48s`, `2m10s`, `1h02m`, `3d04h`. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds / 1000);
  if (seconds < 9.95) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${twoDigits(whole % 60)}s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)}h${twoDigits(Math.floor(whole / 60) % 60)}m`;
  return `${Math.floor(whole / 86_400)}d${twoDigits(Math.floor(whole / 3600) % 24)}h`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

function isUnit(unit: string): unit is keyof typeof units {
  return Object.hasOwn(units, unit);
}
