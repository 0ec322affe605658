import { SecretsError } from '../errors.ts';

const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const generators = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

/** Writes bytes as bech32 (BIP 173) with no limit on the length, as age does. */
export function encodeBech32(prefix: string, bytes: Uint8Array): string {
  const data = regroup(bytes, 8, 5, true);
  const sum = polymod(expand(prefix).concat(data, [0, 0, 0, 0, 0, 0])) ^ 1;
  const check = Array.from({ length: 6 }, (_, index) => (sum >>> (5 * (5 - index))) & 31);
  return `${prefix}1${data
    .concat(check)
    .map((value) => alphabet.charAt(value))
    .join('')}`;
}

/**
 * Reads a bech32 text of one case.
 *
 * @throws {SecretsError} `KEY_INVALID`; the message never holds the text, which may be a mistyped identity.
 */
export function decodeBech32(text: string): { prefix: string; bytes: Uint8Array } {
  const lower = text.toLowerCase();
  const at = lower.lastIndexOf('1');
  if ((text !== lower && text !== text.toUpperCase()) || at < 1 || at + 7 > text.length) throw mistyped();
  const prefix = lower.slice(0, at);
  const data = Array.from(lower.slice(at + 1), (character) => alphabet.indexOf(character));
  if (data.includes(-1) || polymod(expand(prefix).concat(data)) !== 1) throw mistyped();
  return { prefix, bytes: Uint8Array.from(regroup(data.slice(0, -6), 5, 8, false)) };
}

const mistyped = (): SecretsError => new SecretsError('KEY_INVALID', 'an age key is mistyped or cut off');

function expand(prefix: string): number[] {
  const codes = Array.from(prefix, (character) => character.charCodeAt(0));
  return codes
    .map((code) => code >>> 5)
    .concat(
      0,
      codes.map((code) => code & 31),
    );
}

function polymod(values: readonly number[]): number {
  let sum = 1;
  for (const value of values) {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ value;
    for (const [index, generator] of generators.entries()) if ((top >>> index) & 1) sum ^= generator;
  }
  return sum >>> 0;
}

function regroup(input: Iterable<number>, from: number, to: number, pad: boolean): number[] {
  const out: number[] = [];
  let held = 0;
  let bits = 0;
  for (const value of input) {
    held = ((held << from) | value) & 0xfff;
    bits += from;
    while (bits >= to) {
      bits -= to;
      out.push((held >>> bits) & ((1 << to) - 1));
    }
  }
  if (pad && bits > 0) out.push((held << (to - bits)) & ((1 << to) - 1));
  else if (!pad && (bits >= from || ((held << (to - bits)) & ((1 << to) - 1)) !== 0)) throw mistyped();
  return out;
}
