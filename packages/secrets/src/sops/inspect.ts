import { withFileAsync } from '../errors.ts';
import type { FileOptions } from './file.ts';
import { formatOf, parseEncrypted } from './formats/format.ts';
import { type SopsMetadata, extractMetadata } from './metadata.ts';
import { selectorOf } from './selection.ts';
import { plaintextLeaves } from './walk.ts';

/**
 * The metadata of a sops file; no key is needed.
 *
 * @throws {SecretsError} `NOT_ENCRYPTED`, `METADATA_INVALID`, `PARSE_FAILED`.
 */
export async function readMetadata(bytes: Uint8Array | string, options: FileOptions): Promise<SopsMetadata> {
  return withFileAsync(options.file, async () => extractMetadata(await load(bytes, options)));
}

/**
 * The keys of leaves that a sops file's own rule selects and that stand there in plain text; no key is needed.
 * `sops filestatus` calls such a file encrypted.
 */
export async function plaintextLeavesOf(bytes: Uint8Array | string, options: FileOptions): Promise<string[]> {
  return withFileAsync(options.file, async () => {
    const documents = await load(bytes, options);
    const { rule } = extractMetadata(documents);
    return plaintextLeaves(documents, await selectorOf(rule));
  });
}

/** The keys of all leaves that stand in a sops file in plain text, whether its rule selects them or not. */
export async function readableLeavesOf(bytes: Uint8Array | string, options: FileOptions): Promise<string[]> {
  return withFileAsync(options.file, async () => {
    const documents = await load(bytes, options);
    extractMetadata(documents);
    return plaintextLeaves(documents, () => true);
  });
}

function load(bytes: Uint8Array | string, { file, format }: FileOptions): ReturnType<typeof parseEncrypted> {
  return parseEncrypted(format ?? (file === undefined ? 'yaml' : formatOf(file)), Buffer.from(bytes));
}
