import type { Encoding, Needle } from './needles.ts';
import type { SecretPattern } from './patterns.ts';

/** What was found: a secret's name and how it was written, or a pattern's name. */
export type Match =
  | { readonly kind: 'known value'; readonly secret: string; readonly encoding: Encoding }
  | { readonly kind: 'pattern'; readonly pattern: string };

/** A function that looks through some bytes; each secret and each pattern is reported once. */
export function createScanner(
  needles: readonly Needle[],
  patterns: readonly SecretPattern[],
): (content: Uint8Array) => Match[] {
  return (content) => {
    const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
    const found = new Map<string, Match>();
    for (const { secret, encoding, bytes: needle } of needles) {
      if (bytes.includes(needle))
        found.set(`${secret}\0${encoding}`, { kind: 'known value', secret, encoding });
    }
    // One character a byte, so that nothing is lost in decoding.
    const text = patterns.length === 0 ? '' : bytes.toString('latin1');
    for (const { name, expression } of patterns) {
      if (expression.test(text)) found.set(name, { kind: 'pattern', pattern: name });
    }
    return [...found.values()];
  };
}
