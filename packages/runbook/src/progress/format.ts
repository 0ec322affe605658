import type { Evidence, JsonValue } from '../engine/json.ts';
import { printable } from './printable.ts';

/** The 12 digits by which people name a plan. */
export function shortPlan(hash: string): string {
  return hash.slice(0, 12);
}

/** A fact's value on one line. */
export function factText(value: JsonValue): string {
  const isLine = typeof value === 'string' && !value.includes('\n');
  return printable(isLine ? value : JSON.stringify(value));
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
