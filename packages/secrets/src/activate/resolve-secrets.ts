import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type AgeIdentity, parseIdentities } from '../age/identities.ts';
import { SecretsError } from '../errors.ts';
import { type DecryptedFile, decryptFile } from '../sops/file.ts';
import { valueAt } from '../sops/tree-path.ts';
import { compactJson } from './json-value.ts';
import type { Manifest, ManifestSecret } from './manifest.ts';

/** The contents of a manifest's secrets, by name. */
export async function resolveSecrets(
  manifest: Manifest,
  manifestPath: string,
): Promise<Map<string, Uint8Array>> {
  const identities = await identitiesOf(manifest);
  const files = new Map<string, Promise<DecryptedFile>>();
  const contents = new Map<string, Uint8Array>();
  for (const secret of manifest.secrets) {
    const path = resolve(dirname(manifestPath), secret.sopsFile);
    const format = secret.format === '' ? 'yaml' : secret.format;
    const id = `${format}\0${path}`;
    const opened = files.get(id) ?? open(path, format, identities);
    files.set(id, opened);
    contents.set(secret.name, contentOf(secret, await opened, path));
  }
  return contents;
}

async function identitiesOf(manifest: Manifest): Promise<AgeIdentity[]> {
  const identities: AgeIdentity[] = [];
  if (manifest.ageKeyFile !== '') {
    identities.push(...parseIdentities(await readKey(manifest.ageKeyFile), manifest.ageKeyFile));
  }
  for (const path of manifest.ageSshKeyPaths) {
    // As sops-nix does: the key's age key, not the ssh key itself.
    const { sshToAge } = await import('../age/ssh-identity.ts');
    identities.push(sshToAge(await readKey(path), path));
  }
  return identities;
}

async function readKey(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new SecretsError(
      'NO_IDENTITY',
      'the key cannot be read; place the bootstrap key before activation',
      { file: path },
      { cause: error },
    );
  }
}

async function open(
  path: string,
  format: Exclude<ManifestSecret['format'], ''>,
  identities: readonly AgeIdentity[],
): Promise<DecryptedFile> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new SecretsError(
      'ACTIVATION_FAILED',
      'the sops file cannot be read',
      { file: path },
      { cause: error },
    );
  }
  return decryptFile(bytes, { file: path, format, identities });
}

/** As in sops-nix: `key` counts for YAML and JSON only, `/` separates its parts, and only JSON may hold more than text. */
function contentOf({ name, key, format }: ManifestSecret, file: DecryptedFile, path: string): Uint8Array {
  if (key === '' || format === 'dotenv' || format === 'ini' || format === 'binary') return file.plaintext;
  const [document] = file.documents;
  const value = document === undefined ? undefined : valueAt(document, key.split('/'));
  if (value?.type === 'str') return Buffer.from(value.value, 'utf8');
  if (value?.type === 'bytes') return value.value;
  if (value !== undefined && format === 'json') return Buffer.from(compactJson(value), 'utf8');
  throw new SecretsError('KEY_NOT_FOUND', `the secret ${name} has no text there`, { file: path, key });
}
