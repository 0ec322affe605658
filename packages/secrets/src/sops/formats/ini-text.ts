/** Where keys before the first section go, as go-ini has it. */
export const defaultSection = 'DEFAULT';

/** What Go's `unicode.IsSpace` calls space; JavaScript's `trim` has other characters. */
const space = String.raw`[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]`;
const leading = new RegExp(`^${space}+`);
const trailing = new RegExp(`${space}+$`);

/** Go's `strings.TrimSpace`. */
export function trim(text: string): string {
  return trimStart(text).replace(trailing, '');
}

export function trimStart(text: string): string {
  return text.replace(leading, '');
}
