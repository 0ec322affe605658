import { withFileAsync } from '../../errors.ts';
import type { EngineFile } from '../../sops/engine.ts';
import { formatOf, parseEncrypted } from '../../sops/formats/format.ts';
import type { Documents } from '../../sops/tree.ts';

/** The documents of an encrypted file, whose keys and numbers of items are readable. */
export function encryptedDocuments(bytes: Uint8Array, { file, format }: EngineFile): Promise<Documents> {
  return withFileAsync(file, () => parseEncrypted(format ?? formatOf(file), bytes));
}
