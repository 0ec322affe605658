import type { Scalar } from '../tree.ts';

const words = new Map<string, Scalar>();
for (const text of ['true', 'True', 'TRUE']) words.set(text, { type: 'bool', value: true });
for (const text of ['false', 'False', 'FALSE']) words.set(text, { type: 'bool', value: false });
for (const text of ['', '~', 'null', 'Null', 'NULL']) words.set(text, { type: 'null' });
for (const text of ['.nan', '.NaN', '.NAN']) words.set(text, { type: 'float', value: Number.NaN });
for (const sign of ['', '+', '-']) {
  for (const text of ['.inf', '.Inf', '.INF']) {
    words.set(sign + text, { type: 'float', value: sign === '-' ? -Infinity : Infinity });
  }
}

const float = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/;
const maxInt64 = 2n ** 63n - 1n;
const maxUint64 = 2n ** 64n - 1n;

/** A number above int64, which sops refuses to walk over. */
export interface TooLarge {
  readonly type: 'uint64';
}

/**
 * Reads a plain scalar as go-yaml v3 does (`resolve.go`): YAML 1.1 octals and underscores among them. sops's MAC is
 * over this reading, so a guess of another library's would not match.
 */
export function readPlainScalar(text: string): Scalar | TooLarge {
  const known = words.get(text);
  if (known !== undefined) return known;
  const first = text.charCodeAt(0);
  if (first === 0x2e) {
    const value = float.test(text) ? Number(text) : Number.NaN;
    return Number.isFinite(value) ? { type: 'float', value } : plain(text);
  }
  const digitOrSign = (first >= 0x30 && first <= 0x39) || first === 0x2b || first === 0x2d;
  if (!digitOrSign) return plain(text);
  const time = readTime(text);
  if (time !== undefined) return { type: 'time', value: time };
  const bare = text.replaceAll('_', '');
  const integer = readInteger(bare);
  if (integer !== undefined) return integer;
  if (float.test(bare)) {
    const value = Number(bare);
    // Go's ParseFloat fails where JavaScript says infinity; the scalar is then a string.
    if (Number.isFinite(value)) return { type: 'float', value };
  }
  return plain(text);
}

const plain = (value: string): Scalar => ({ type: 'str', value });

/** Go's `ParseInt(text, 0, 64)`, then `ParseUint`; go-yaml's own attempts at `0b` and `0o` add nothing to them. */
function readInteger(text: string): Scalar | TooLarge | undefined {
  const match = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9]\d*))$/.exec(text);
  if (match === null) return undefined;
  const [, sign, hex, binary, octal, decimal] = match;
  const size =
    hex !== undefined
      ? BigInt(`0x${hex}`)
      : binary !== undefined
        ? BigInt(`0b${binary}`)
        : octal !== undefined
          ? BigInt(`0o${octal}`)
          : BigInt(decimal ?? '0');
  if (sign === '-') return size <= maxInt64 + 1n ? { type: 'int', value: -size } : undefined;
  if (size <= maxInt64) return { type: 'int', value: size };
  return sign === '' && size <= maxUint64 ? { type: 'uint64' } : undefined;
}

/**
 * Reads one of the four time formats of go-yaml.
 *
 * @returns the text of Go's `MarshalText`, or `undefined` when it is not a time.
 */
export function readTime(text: string): string | undefined {
  const match =
    /^(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:([Tt])(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,](\d+))?(Z|[+-]\d\d:\d\d))|(?: +(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,](\d+))?))?$/.exec(
      text,
    );
  if (match === null) return undefined;
  const [, year = '', month = '', day = ''] = match;
  const hour = match[5] ?? match[10] ?? '0';
  const minute = match[6] ?? match[11] ?? '0';
  const second = match[7] ?? match[12] ?? '0';
  const fraction = (match[8] ?? match[13] ?? '').slice(0, 9).replace(/0+$/, '');
  const zone = match[9] ?? 'Z';
  if (!isDate(Number(year), Number(month), Number(day))) return undefined;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  if (zone !== 'Z' && (Number(zone.slice(1, 3)) > 24 || Number(zone.slice(4)) > 60)) return undefined;
  const date = `${year}-${pad(month)}-${pad(day)}`;
  const clock = `${pad(hour)}:${pad(minute)}:${pad(second)}${fraction === '' ? '' : `.${fraction}`}`;
  return `${date}T${clock}${/^[+-]00:00$/.test(zone) ? 'Z' : zone}`;
}

const pad = (text: string): string => text.padStart(2, '0');

function isDate(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false;
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  return day <= (days[month - 1] ?? 0);
}
