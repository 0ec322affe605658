import { SecretsError } from '../../errors.ts';
import { type Documents, type MapNode, type Scalar, entry, map, str } from '../tree.ts';
import { flatten } from './flatten.ts';
import { defaultSection, trim } from './ini-text.ts';
import { scalarText } from './scalar-text.ts';

/** Writes INI as sops does through go-ini. */
export function emitIni(documents: Documents): Uint8Array {
  const sections: Uint8Array[] = [];
  let isFirst = true;
  for (const item of documents.flatMap(({ entries }) => entries)) {
    if (item.type === 'comment') continue;
    if (item.value.type !== 'map') {
      throw new SecretsError('UNSUPPORTED', 'an INI file holds sections of keys only', { key: item.key });
    }
    const section = item.key === 'sops' ? metadataSection(item.value) : item.value;
    // Keys before the first section have no header.
    const isTop = isFirst && item.key.toUpperCase() === defaultSection;
    isFirst = false;
    const bytes = emitSection(item.key, section, isTop);
    if (bytes.length === 0) continue;
    if (sections.length > 0) sections.push(newline);
    sections.push(bytes);
  }
  return Buffer.concat(sections);
}

const newline = Buffer.from('\n');

function metadataSection(tree: MapNode): MapNode {
  return map(flatten(tree).map(([key, value]) => entry(key, str(scalarText(value).replaceAll('\n', '\\n')))));
}

function emitSection(name: string, section: MapNode, isTop: boolean): Uint8Array {
  const lines: (string | Uint8Array)[] = [];
  const widths = section.entries.flatMap((item) =>
    item.type === 'entry' ? [Buffer.byteLength(quoteKey(item.key))] : [],
  );
  const width = Math.max(0, ...widths);
  const [first] = section.entries;
  if (first?.type === 'comment') lines.push(...commentLines(first.text));
  if (!isTop) lines.push(`[${name}]`);
  for (const [index, item] of section.entries.entries()) {
    if (item.type === 'comment') continue;
    if (item.value.type === 'map' || item.value.type === 'list') {
      throw new SecretsError('UNSUPPORTED', 'an INI file holds no nested maps and no lists', {
        key: `${name}:${item.key}`,
      });
    }
    const after = section.entries[index + 1];
    if (after?.type === 'comment') lines.push(...commentLines(after.text));
    const key = quoteKey(item.key);
    const padding = ' '.repeat(width - Buffer.byteLength(key));
    const begin = Buffer.from(`${key}${padding} = `);
    lines.push(Buffer.concat([begin, valueBytes(item.value)]));
  }
  return Buffer.concat(lines.flatMap((line) => [Buffer.from(line), newline]));
}

/** What is not UTF-8 keeps its bytes: latin1 has a character for each. */
function valueBytes(value: Scalar): Uint8Array {
  if (value.type !== 'bytes') return Buffer.from(quoteValue(scalarText(value)));
  return Buffer.from(quoteValue(Buffer.from(value.value).toString('latin1')), 'latin1');
}

function commentLines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => (/^[#;]/.test(line) ? `${line.slice(0, 1)} ${trim(line.slice(1))}` : `; ${trim(line)}`));
}

function quoteKey(key: string): string {
  if (/["=:]/.test(key)) return `\`${key}\``;
  return key.includes('`') ? `"""${key}"""` : key;
}

function quoteValue(text: string): string {
  if (/[\n`]/.test(text)) return `"""${text}"""`;
  if (/[#;]/.test(text)) return `\`${text}\``;
  return trim(text) === text ? text : `"${text}"`;
}
