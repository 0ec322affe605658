import { SecretsError } from '../../errors.ts';
import { type Documents, entry, map, valueOf } from '../tree.ts';

/** A binary file is one value under `data`; encrypted it is JSON `{data, sops}`. */
export function wrapBinary(content: Uint8Array): Documents {
  return [map([entry('data', { type: 'bytes', value: content })])];
}

/** The content of a decrypted binary file. */
export function unwrapBinary([document]: Documents): Uint8Array {
  const data = document === undefined ? undefined : valueOf(document, 'data');
  if (data?.type === 'bytes') return data.value;
  if (data?.type === 'str') return Buffer.from(data.value, 'utf8');
  throw new SecretsError('PARSE_FAILED', 'a binary sops file holds its content as text under data', {
    key: 'data',
  });
}
