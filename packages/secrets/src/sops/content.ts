import type { DecryptedFile } from './file.ts';
import { valueAt } from './tree-path.ts';

/**
 * The content at a place of a decrypted file: the text at `key` (`/` between its parts), or the whole file without
 * one; `undefined` where there is no text.
 */
export function contentAt(
  file: Pick<DecryptedFile, 'plaintext' | 'documents'>,
  key: string | undefined,
): Uint8Array | undefined {
  if (key === undefined) return file.plaintext;
  const [document] = file.documents;
  const value = document === undefined ? undefined : valueAt(document, key.split('/'));
  if (value?.type === 'str') return Buffer.from(value.value, 'utf8');
  return value?.type === 'bytes' ? value.value : undefined;
}
