/**
 * The line of an encrypted file on which a value or a comment stands in plain text, as far as its text says; the place of a
 * value in a file of several with one key is not known.
 *
 * @param key - as of `plaintextLeaves`.
 */
export function lineOf(text: string, key: string): number | undefined {
  const lines = text.split('\n');
  const name = key.endsWith('#')
    ? undefined
    : key
        .split(':')
        .at(-1)
        ?.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const pattern = name === undefined ? /^\s*[#;]|\s#/ : new RegExp(`^[\\s-]*["'\`]*${name}["'\`]*\\s*[:=]`);
  const at = lines.findIndex((line) => pattern.test(line) && !line.includes('ENC[AES256_GCM,'));
  return at < 0 ? undefined : at + 1;
}
