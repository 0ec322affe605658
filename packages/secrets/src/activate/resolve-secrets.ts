import { dirname, resolve } from 'node:path';
import { SecretsError } from '../errors.ts';
import { readFileBounded } from '../files/read-file.ts';
import { type DecryptedFile, decryptFile } from '../sops/file.ts';
import { valueAt } from '../sops/tree-path.ts';
import { compactJson } from './json-value.ts';
import { type ManifestIdentities, manifestIdentities } from './manifest-identities.ts';
import type { Manifest, ManifestSecret } from './manifest.ts';

/** The contents of a manifest's secrets, by name. */
export async function resolveSecrets(
  manifest: Manifest,
  manifestPath: string,
): Promise<Map<string, Uint8Array>> {
  const keys = await manifestIdentities(manifest);
  const files = new Map<string, Promise<DecryptedFile>>();
  const contents = new Map<string, Uint8Array>();
  for (const secret of manifest.secrets) {
    const path = resolve(dirname(manifestPath), secret.sopsFile);
    const { format } = secret;
    const id = `${format}\0${path}`;
    const opened = files.get(id) ?? open(path, format, keys, manifest);
    files.set(id, opened);
    contents.set(secret.name, contentOf(secret, await opened, path));
  }
  return contents;
}

async function open(
  path: string,
  format: ManifestSecret['format'],
  { identities, unused }: ManifestIdentities,
  manifest: Manifest,
): Promise<DecryptedFile> {
  const bytes = await readFileBounded(path);
  try {
    return await decryptFile(bytes, { file: path, format, identities });
  } catch (error) {
    if (!(error instanceof SecretsError) || !['NO_IDENTITY', 'NEEDS_SOPS'].includes(error.code)) throw error;
    const hints = [
      ...(unused.length === 0 ? [] : [`these keys were of no use: ${unused.join(', ')}`]),
      ...(manifest.sshKeyPaths.length === 0 ? [] : ['sshKeyPaths are for PGP, which activate does not have']),
    ];
    throw new SecretsError(error.code, [error.what, ...hints].join('; '), { file: path }, { cause: error });
  }
}

/**
 * As in sops-nix: `key` counts for YAML and JSON only, `/` separates its parts, and only JSON may hold more than text.
 * A date of YAML is text there.
 */
function contentOf({ name, key, format }: ManifestSecret, file: DecryptedFile, path: string): Uint8Array {
  if (key === '' || format === 'dotenv' || format === 'ini' || format === 'binary') return file.plaintext;
  const [document] = file.documents;
  const value = document === undefined ? undefined : valueAt(document, key.split('/'));
  if (value?.type === 'str' || (value?.type === 'time' && format !== 'json'))
    return Buffer.from(value.value, 'utf8');
  if (value?.type === 'bytes') return value.value;
  if (value !== undefined && format === 'json') return Buffer.from(compactJson(value), 'utf8');
  throw new SecretsError(
    'KEY_NOT_FOUND',
    `the secret ${name} has no text there; name a key with text, or quote its value and encrypt it again`,
    { file: path, key },
  );
}
