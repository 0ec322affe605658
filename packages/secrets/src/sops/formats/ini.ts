import { SecretsError } from '../../errors.ts';
import { type Documents, type MapNode, type Scalar, comment, entry, map, str } from '../tree.ts';
import { flatten, unflatten } from './flatten.ts';
import { scalarText } from './scalar-text.ts';

/** Where keys before the first section go, as go-ini has it. */
const defaultSection = 'DEFAULT';

/**
 * Reads an INI file as sops does through go-ini: one level of sections. The flat keys of `[sops]` are gathered into
 * a map.
 *
 * @throws {SecretsError} `PARSE_FAILED` naming the line.
 */
export function parseIni(text: string): Documents {
  const document = map([entry(defaultSection, map())]);
  let section = map();
  document.entries.splice(0, 1, entry(defaultSection, section));
  let pending: string[] = [];
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    const line = raw.trim();
    const fail = (what: string): SecretsError =>
      new SecretsError('PARSE_FAILED', `not INI: ${what}`, { line: index + 1 });
    if (line === '') continue;
    if (line.startsWith(';') || line.startsWith('#')) {
      pending.push(line);
      continue;
    }
    if (line.startsWith('[')) {
      const end = line.lastIndexOf(']');
      if (end < 0) throw fail('a section is not closed');
      section = map();
      document.entries.push(entry(line.slice(1, end), section));
      if (pending.length > 0) section.entries.push(comment(stripMark(pending.join('\n'))));
    } else {
      const { key, value } = keyLine(line, fail);
      if (section.entries.some((item) => item.type === 'entry' && item.key === key))
        throw fail('a key occurs twice');
      section.entries.push(entry(key, str(value)));
      if (pending.length > 0) section.entries.push(comment(stripMark(pending.join('\n'))));
    }
    pending = [];
  }
  for (const item of document.entries) {
    if (item.type === 'entry' && item.key === 'sops' && item.value.type === 'map')
      item.value = gather(item.value);
  }
  return [document];
}

function gather(section: MapNode): MapNode {
  const flat: [string, Scalar][] = [];
  for (const item of section.entries) {
    if (item.type === 'entry' && item.value.type === 'str')
      flat.push([item.key, str(item.value.value.replaceAll('\\n', '\n'))]);
  }
  return unflatten(flat);
}

function stripMark(text: string): string {
  return text.replace(text.startsWith(';') ? /^[; ]+/ : /^[# ]+/, '');
}

function keyLine(line: string, fail: (what: string) => SecretsError): { key: string; value: string } {
  const quoted = /^("""|["`])/.exec(line)?.[0];
  const close = quoted === undefined ? -1 : line.indexOf(quoted, quoted.length);
  const from = quoted === undefined || close < 0 ? 0 : close + quoted.length;
  const at = line.slice(from).search(/[=:]/);
  if (at < 0) throw fail('the line has neither = nor :');
  const key = quoted === undefined || close < 0 ? line.slice(0, at).trim() : line.slice(quoted.length, close);
  return { key, value: valueText(line.slice(from + at + 1).trim()) };
}

function valueText(text: string): string {
  const quote = /^("""|`)/.exec(text)?.[0];
  if (quote !== undefined) {
    const end = text.indexOf(quote, quote.length);
    if (end > 0) return text.slice(quote.length, end);
  }
  const bare = text.replace(/\s[#;].*$/, '').trim();
  const surrounded = /^(["'])(.*)\1$/.exec(bare);
  return surrounded !== null && bare.length >= 2 ? (surrounded[2] ?? '') : bare;
}

/** Writes an INI file as sops does. */
export function emitIni(documents: Documents): string {
  const out: string[] = [];
  for (const item of documents.flatMap((document) => document.entries)) {
    if (item.type === 'comment') continue;
    if (item.value.type !== 'map') {
      throw new SecretsError('UNSUPPORTED', 'an INI file holds sections of keys only', { key: item.key });
    }
    const flat = item.key === 'sops' ? metadataSection(item.value) : item.value;
    out.push(emitSection(item.key, flat));
  }
  return out.filter((text) => text !== '').join('\n');
}

function metadataSection(tree: MapNode): MapNode {
  return map(flatten(tree).map(([key, value]) => entry(key, str(scalarText(value).replaceAll('\n', '\\n')))));
}

function emitSection(name: string, section: MapNode): string {
  const lines: string[] = [];
  const keys = section.entries.flatMap((item) => (item.type === 'entry' ? [quoteKey(item.key).length] : []));
  const width = Math.max(0, ...keys);
  const [first] = section.entries;
  if (first?.type === 'comment') lines.push(...commentLines(first.text));
  if (name === defaultSection && section.entries.length === 0) return '';
  lines.push(`[${name}]`);
  for (const [index, item] of section.entries.entries()) {
    if (item.type === 'comment') continue;
    if (item.value.type === 'map' || item.value.type === 'list') {
      throw new SecretsError('UNSUPPORTED', 'an INI file holds no nested maps and no lists', {
        key: `${name}:${item.key}`,
      });
    }
    const after = section.entries[index + 1];
    if (after?.type === 'comment') lines.push(...commentLines(after.text));
    lines.push(`${quoteKey(item.key).padEnd(width)} = ${quoteValue(scalarText(item.value))}`.trimEnd());
  }
  return lines.map((line) => `${line}\n`).join('');
}

function commentLines(text: string): string[] {
  return text.split('\n').map((line) => (/^[#;]/.test(line) ? line : `; ${line}`));
}

function quoteKey(key: string): string {
  return /["=:]/.test(key) ? `\`${key}\`` : key;
}

function quoteValue(text: string): string {
  if (text.includes('\n') || text.includes('`')) return `"""${text}"""`;
  if (/[#;]/.test(text)) return `\`${text}\``;
  if (text.trim() !== text) return `"${text}"`;
  return text;
}
