/** A word as sh reads it back: git runs some of its settings by one. */
export function quoteForSh(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
