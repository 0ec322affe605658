/**
 * Writes `argv` as one line that a person can read, and paste into bash or zsh with the same meaning. For messages and
 * reports only: a `Host` takes argv itself.
 */
export function quoteForDisplay(argv: readonly string[]): string {
  return argv.map(quoteWord).join(' ');
}

function quoteWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  // What would break the line or act on a terminal is shown by its code.
  if (/[\p{Control}\p{Line_Separator}\p{Paragraph_Separator}\p{Format}]/u.test(word)) return ansiQuoted(word);
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

const named: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\\': '\\\\',
  "'": "\\'",
};

/** ANSI-C quoting of bash and zsh: `$'…'`. */
function ansiQuoted(word: string): string {
  const escaped = word.replaceAll(
    /[\\'\p{Control}\p{Line_Separator}\p{Paragraph_Separator}\p{Format}]/gu,
    (character) => named[character] ?? codeOf(character.codePointAt(0) ?? 0),
  );
  return `$'${escaped}'`;
}

function codeOf(point: number): string {
  if (point < 0x80) return `\\x${point.toString(16).padStart(2, '0')}`;
  return point > 0xffff
    ? `\\U${point.toString(16).padStart(8, '0')}`
    : `\\u${point.toString(16).padStart(4, '0')}`;
}
