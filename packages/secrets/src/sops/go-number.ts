/**
 * Go's `strconv.FormatFloat(v, 'f', -1, 64)`: the shortest digits that read back as the same number, never an
 * exponent. JavaScript finds the same digits and writes large and small ones with an exponent, undone here.
 */
export function formatFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  const { sign, digits, point } = decompose(value);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`.replace(/\.0$/, '');
  if (point >= digits.length) return `${sign}${digits}${'0'.repeat(point - digits.length)}`;
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** Go's `strconv.FormatFloat(v, 'g', -1, 64)`, which go-yaml writes: an exponent below -4 and from 6 on. */
export function formatFloatShort(value: number): string {
  if (!Number.isFinite(value)) return formatFloat(value);
  const { sign, digits, point } = decompose(value);
  const exponent = point - 1;
  if (exponent >= -4 && exponent < 6) return formatFloat(value);
  return `${sign}${withExponent(digits, exponent, 'e')}`;
}

/** Go's `'G'` with at least one decimal, which sops writes into dotenv and INI files. */
export function formatFloatUpper(value: number): string {
  if (!Number.isFinite(value)) return formatFloat(value);
  const { sign, digits, point } = decompose(value);
  const exponent = point - 1;
  if (exponent < -4 || exponent >= 6) return `${sign}${withExponent(digits, exponent, 'E')}`;
  const text = formatFloat(value);
  return text.includes('.') ? text : `${text}.0`;
}

/** The shortest digits of `value`, with the decimal point after `point` of them. */
function decompose(value: number): { sign: string; digits: string; point: number } {
  const negative = value < 0 || Object.is(value, -0);
  const match = /^(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(Math.abs(value).toExponential());
  const [, first = '0', rest = '', exponent = '0'] = match ?? [];
  return { sign: negative ? '-' : '', digits: first + rest, point: Number(exponent) + 1 };
}

/** Go writes an exponent with at least two digits. */
function withExponent(digits: string, exponent: number, letter: 'e' | 'E'): string {
  const mantissa = digits.length > 1 ? `${digits.slice(0, 1)}.${digits.slice(1)}` : digits;
  const size = Math.abs(exponent).toString().padStart(2, '0');
  return `${mantissa}${letter}${exponent < 0 ? '-' : '+'}${size}`;
}
