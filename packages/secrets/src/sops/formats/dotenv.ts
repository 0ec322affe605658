import { SecretsError } from '../../errors.ts';
import { type Documents, type Entry, type Scalar, comment, entry, map, str } from '../tree.ts';
import { flatten, unflatten } from './flatten.ts';
import { scalarText } from './scalar-text.ts';

const prefix = 'sops_';

/**
 * Reads a dotenv file as sops does: no quoting, no `export`; a literal `\n` is a newline. The metadata's flat
 * `sops_…` keys are gathered into one `sops` map.
 *
 * @throws {SecretsError} `PARSE_FAILED` naming the line.
 */
export function parseDotenv(text: string): Documents {
  const document = map();
  const metadata: [string, Scalar][] = [];
  const seen = new Set<string>();
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '') continue;
    if (line.startsWith('#')) {
      document.entries.push(comment(line.slice(1)));
      continue;
    }
    const at = line.indexOf('=');
    if (at === -1)
      throw new SecretsError('PARSE_FAILED', 'not dotenv: the line has no =', { line: index + 1 });
    const key = line.slice(0, at);
    if (seen.has(key)) throw new SecretsError('PARSE_FAILED', 'a key occurs twice', { line: index + 1 });
    seen.add(key);
    const value = str(line.slice(at + 1).replaceAll('\\n', '\n'));
    if (key.startsWith(prefix)) metadata.push([key.slice(prefix.length), value]);
    else document.entries.push(entry(key, value));
  }
  if (metadata.length > 0) document.entries.push(entry('sops', unflatten(metadata)));
  return [document];
}

/** Writes a dotenv file as sops does. */
export function emitDotenv([document]: Documents): Uint8Array {
  const lines: Uint8Array[] = [];
  const push = (text: string): void => void lines.push(Buffer.from(text, 'utf8'));
  for (const item of document?.entries ?? []) {
    if (item.type === 'comment') push(`#${item.text}\n`);
    else if (item.key === 'sops' && item.value.type === 'map') {
      for (const [key, value] of flatten(item.value)) push(`${prefix}${key}=${escaped(value)}\n`);
    } else emitEntry(item, push, lines);
  }
  return Buffer.concat(lines);
}

function emitEntry({ key, value }: Entry, push: (text: string) => void, lines: Uint8Array[]): void {
  if (value.type === 'map' || value.type === 'list') {
    throw new SecretsError('UNSUPPORTED', 'a dotenv file holds no maps and no lists', { key });
  }
  if (/[=\n]/.test(key) || key.startsWith('#')) {
    throw new SecretsError('UNSUPPORTED', 'the key cannot be written into a dotenv file', { key });
  }
  if (value.type === 'bytes') {
    push(`${key}=`);
    lines.push(Buffer.from(Buffer.from(value.value).toString('latin1').replaceAll('\n', '\\n'), 'latin1'));
    push('\n');
  } else push(`${key}=${escaped(value)}\n`);
}

function escaped(value: Scalar): string {
  return value.type === 'str' ? value.value.replaceAll('\n', '\\n') : scalarText(value);
}
