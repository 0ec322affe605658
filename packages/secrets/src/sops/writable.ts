import { SecretsError } from '../errors.ts';
import { type SopsFormat, emitPlain, parsePlain } from './formats/format.ts';
import { scalarText } from './formats/scalar-text.ts';
import { type Documents, type MapNode, type TreeValue, entry, map, str } from './tree.ts';

/**
 * Refuses what a format could not give back: a file without any document, and in dotenv and INI a value that reads
 * otherwise than it is written, e.g. one that begins and ends with a quote. It would be changed by the next edit.
 *
 * @throws {SecretsError} `UNSUPPORTED`, naming the key.
 */
export async function requireWritable(format: SopsFormat, documents: Documents): Promise<void> {
  if (documents.length === 0) {
    const what = 'the file has no content besides comments, as sops refuses it too; give it a key, or {}';
    throw new SecretsError('UNSUPPORTED', what);
  }
  if (format !== 'dotenv' && format !== 'ini') return;
  const [document] = documents;
  if (document === undefined) return;
  const text = withoutBytes(document);
  const [again] = await parsePlain(format, await emitPlain(format, [text]));
  if (again === undefined) return;
  const [wanted, found] = [leavesOf(text), leavesOf(again)];
  const changed = [...wanted].find(([key, leaf]) => found.get(key) !== leaf)?.[0];
  if (changed === undefined && found.size === wanted.size) return;
  const what = `the value cannot be written into ${format} so that it reads the same; use JSON or YAML for it`;
  throw new SecretsError('UNSUPPORTED', what, { key: changed });
}

/** Without the values that are not UTF-8, which no file can be read again with: sops wrote them, and they stay as they are. */
function withoutBytes(node: MapNode): MapNode {
  return map(
    node.entries.map((item) => {
      if (item.type === 'comment') return item;
      if (item.value.type === 'map') return entry(item.key, withoutBytes(item.value));
      return item.value.type === 'bytes' ? entry(item.key, str('')) : item;
    }),
  );
}

/** The text of every value, by its path. A section or a key may occur more than once. */
function leavesOf(document: MapNode): Map<string, string> {
  const leaves = new Map<string, string>();
  const add = (path: string, value: TreeValue): void => {
    if (value.type === 'map') {
      for (const [index, item] of value.entries.entries())
        if (item.type === 'entry') add(`${path}${path === '' ? '' : ':'}${item.key}`, item.value);
        else leaves.set(`${path}#${index}`, '');
    } else if (value.type !== 'list') {
      let key = path;
      while (leaves.has(key)) key += '+';
      leaves.set(key, scalarText(value));
    }
  };
  add('', document);
  return leaves;
}
