import type { Evidence, JsonValue } from '../engine/json.ts';

/** `0:12`, `2:05`, `1:02:03`. */
export function clock(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const tail = String(seconds % 60).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${tail}` : `${minutes}:${tail}`;
}

/** `0.4s`, `48s`, `2m10s`, `1h02m`. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds / 1000);
  if (seconds < 9.95) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, '0')}s`;
  return `${Math.floor(whole / 3600)}h${String(Math.floor(whole / 60) % 60).padStart(2, '0')}m`;
}

/** The 12 digits by which people name a plan. */
export function shortPlan(hash: string): string {
  return hash.slice(0, 12);
}

/** A fact's value on one line. */
export function factText(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The first facts of some evidence, as many as fit in `width` characters. */
export function summary(evidence: Evidence, width: number): string {
  let text = '';
  for (const [fact, value] of Object.entries(evidence)) {
    const next = `${text === '' ? '' : ', '}${fact} ${factText(value)}`;
    if (text.length + next.length > width) break;
    text += next;
  }
  return text.replaceAll(/\s+/g, ' ');
}
