import { SecretsError, withFileAsync } from '../../errors.ts';
import { type SopsFormat, emitPlain } from '../../sops/formats/format.ts';
import { scalarText } from '../../sops/formats/scalar-text.ts';
import { valueAt } from '../../sops/tree-path.ts';
import { type Documents, type ListNode, entry, map } from '../../sops/tree.ts';
import { parsePath } from './value-path.ts';

/**
 * A plain document in another format, as sops writes it: from dotenv and INI all is text, and into them goes what they can hold.
 *
 * @throws {SecretsError} `UNSUPPORTED`: the other format cannot hold it.
 */
export async function converted(
  documents: Documents,
  from: SopsFormat,
  to: SopsFormat,
  file: string,
): Promise<Uint8Array> {
  if (from === to) return emitPlain(to, documents);
  if (from === 'binary' || to === 'binary')
    throw new SecretsError('UNSUPPORTED', `${from} cannot be written as ${to}`, { file });
  if (documents.length > 1 && to !== 'yaml')
    throw new SecretsError('UNSUPPORTED', `it has several documents, and ${to} holds one`, { file });
  const { requireWritable } = await import('../../sops/writable.ts');
  return withFileAsync(file, async () => {
    await requireWritable(to, documents);
    return emitPlain(to, documents);
  });
}

/** One value: a text as it is, another scalar as its text, a list or a map in the file's format, or in the one asked for. */
export async function extracted(
  documents: Documents,
  path: string,
  { file, format, outputType }: { file: string; format: SopsFormat; outputType: SopsFormat | undefined },
): Promise<Uint8Array> {
  const [document] = documents;
  const parts = parsePath(path, documents);
  const value = document === undefined ? undefined : valueAt(document, parts);
  if (value === undefined)
    throw new SecretsError('KEY_NOT_FOUND', 'there is no such key; --extract takes a path of keys', {
      file,
      key: path,
    });
  if (value.type === 'bytes') return value.value;
  if (value.type === 'map') return emitPlain(outputType ?? structured(format), [value]);
  if (value.type === 'list') return emitList(value, outputType ?? structured(format));
  if (value.type === 'str') return Buffer.from(value.value, 'utf8');
  const text = value.type === 'null' ? 'null' : scalarText(value);
  // As sops: what is no text is written as a document of the format, and YAML ends its lines.
  return Buffer.from((outputType ?? format) === 'yaml' ? `${text}\n` : text, 'utf8');
}

/** INI's sections are written as INI; a map in another flat format as JSON. */
const structured = (format: SopsFormat): SopsFormat => (format === 'yaml' ? 'yaml' : 'json');

/** A list alone: what is written below a key, moved to the left. */
async function emitList(value: ListNode, format: SopsFormat): Promise<Uint8Array> {
  // YAML has an empty one behind its key.
  if (value.items.every(({ type }) => type === 'comment'))
    return Buffer.from(format === 'json' ? '[]' : '[]\n');
  const text = Buffer.from(await emitPlain(format, [map([entry('k', value)])])).toString('utf8');
  if (format === 'json')
    return Buffer.from(text.slice(text.indexOf('['), text.lastIndexOf(']') + 1).replaceAll(/^\t/gm, ''));
  return Buffer.from(text.slice(text.indexOf('\n') + 1).replaceAll(/^ {4}/gm, ''));
}
