import { readFile } from 'node:fs/promises';

/** What the vendor's keys and headscale's begin with; before 0.29 headscale made 48 hexadecimal digits. */
const shapes = /^(?:tskey-(?:auth|client)-[A-Za-z0-9]+-[A-Za-z0-9?=&-]+|hskey-auth-\S{8,}|[0-9a-f]{48})$/;

/** Why the text of a key file cannot be an auth key; `undefined` where it may be one. Nothing of the text is in the answer. */
export function wrongKey(text: string): string | undefined {
  const key = text.trim();
  if (key === '') return 'is empty: tailscale would wait for a person to log in';
  if (/\s/.test(key)) return 'has more than one word in it; it must hold the auth key alone';
  return shapes.test(key)
    ? undefined
    : 'does not hold an auth key, which begins with tskey-auth- (or hskey-auth- for headscale)';
}

/** Reads a file that holds an auth key. @returns the key, or what is wrong with the file. */
export async function readAuthKey(
  file: string,
): Promise<{ readonly key: string } | { readonly problem: string }> {
  const text = await readFile(file, 'utf8');
  const problem = wrongKey(text);
  return problem === undefined ? { key: text.trim() } : { problem: `${file} ${problem}` };
}
