import { SecretsError } from '../../errors.ts';
import { type Documents, type MapNode, entry, map, str } from '../tree.ts';
import { flatten } from './flatten.ts';
import { defaultSection, trim } from './ini-text.ts';
import { scalarText } from './scalar-text.ts';

/** Writes INI as sops does through go-ini. */
export function emitIni(documents: Documents): string {
  const sections: string[] = [];
  for (const item of documents.flatMap(({ entries }) => entries)) {
    if (item.type === 'comment') continue;
    if (item.value.type !== 'map') {
      throw new SecretsError('UNSUPPORTED', 'an INI file holds sections of keys only', { key: item.key });
    }
    const section = item.key === 'sops' ? metadataSection(item.value) : item.value;
    // Keys before the first section have no header.
    const isTop = sections.length === 0 && item.key.toUpperCase() === defaultSection;
    sections.push(emitSection(item.key, section, isTop));
  }
  return sections.filter((text) => text !== '').join('\n');
}

function metadataSection(tree: MapNode): MapNode {
  return map(flatten(tree).map(([key, value]) => entry(key, str(scalarText(value).replaceAll('\n', '\\n')))));
}

function emitSection(name: string, section: MapNode, isTop: boolean): string {
  const lines: string[] = [];
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
    lines.push(`${key}${padding} = ${quoteValue(scalarText(item.value))}`);
  }
  return lines.map((line) => `${line}\n`).join('');
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
