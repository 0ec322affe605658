/**
 * Writes `argv` as words of a shell's command line. Each word is single-quoted; a single quote and a backslash are
 * written outside of that, because fish reads `\` inside single quotes and POSIX shells do not: this way both agree.
 */
export function quoteArgv(argv: readonly string[]): string {
  return argv.map(quoteWord).join(' ');
}

function quoteWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll(/['\\]/g, (character) => (character === "'" ? `'"'"'` : String.raw`'"\\"'`))}'`;
}
