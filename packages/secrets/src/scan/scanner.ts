import type { Encoding, Needle } from './needles.ts';
import type { SecretPattern } from './patterns.ts';

/** What was found: a secret's name and how it was written, or a pattern's name. */
export type Match =
  | {
      readonly kind: 'known value';
      readonly secret: string;
      readonly encoding: Encoding;
      /** Where it begins, counted from 1. */
      readonly line: number;
    }
  | { readonly kind: 'pattern'; readonly pattern: string; readonly line: number };

/** A function that looks through some bytes; each secret and each pattern is reported once. */
export function createScanner(
  needles: readonly Needle[],
  patterns: readonly SecretPattern[],
): (content: Uint8Array) => Match[] {
  return (content) => {
    const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
    const found = new Map<string, Match>();
    for (const { secret, encoding, bytes: needle } of needles) {
      const at = bytes.indexOf(needle);
      if (at >= 0)
        found.set(`${secret}\0${encoding}`, {
          kind: 'known value',
          secret,
          encoding,
          line: lineAt(bytes, at),
        });
    }
    // One character a byte, so that nothing is lost in decoding.
    const text = patterns.length === 0 ? '' : bytes.toString('latin1');
    for (const { name, expression } of patterns) {
      const match = expression.exec(text);
      if (match !== null)
        found.set(name, { kind: 'pattern', pattern: name, line: lineAt(bytes, match.index) });
    }
    return [...found.values()];
  };
}

function lineAt(bytes: Buffer, at: number): number {
  let line = 1;
  for (let next = bytes.indexOf(0x0a); next >= 0 && next < at; next = bytes.indexOf(0x0a, next + 1)) line++;
  return line;
}
