/**
 * Quotes one value for a POSIX shell: always in single quotes, so that it is one argument whatever it contains, and
 * never a keyword, an assignment or a pattern.
 *
 * @throws {TypeError} no argument can contain NUL, or half of a surrogate pair.
 */
export function quoteForShell(value: string): string {
  if (value.includes('\0')) throw new TypeError('a value in a command line must not contain NUL');
  if (/\p{Surrogate}/u.test(value))
    throw new TypeError('a value in a command line has a lone surrogate, which is not text');
  return `'${value.replaceAll("'", String.raw`'\''`)}'`;
}
