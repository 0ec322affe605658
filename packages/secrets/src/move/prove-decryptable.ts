import { isErrno } from '@cutover/foundation/errno';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgeIdentity } from '../age/identity.ts';
import { SecretsError } from '../errors.ts';
import { type DecryptedFile, decryptFile } from '../sops/file.ts';
import { plaintextLeavesOf } from '../sops/inspect.ts';
import { type SecretSpec, formatOfSecret } from './config.ts';
import { contentAt } from '../sops/content.ts';

/** Whether one sops file opens with the given identities alone and holds its secrets. */
export interface Proof {
  readonly file: string;
  readonly ok: boolean;
  /** Why not; never any content. */
  readonly reason?: string | undefined;
}

/**
 * Opens every sops file of the secrets with the given identities and nothing else: no environment, no home directory
 * and no key file is looked at, so that an operator's own key cannot make it true. Also proves that every selected
 * leaf is encrypted and that each secret is in its file.
 */
export async function proveDecryptable(
  repository: string,
  specs: readonly SecretSpec[],
  identities: readonly AgeIdentity[],
): Promise<Proof[]> {
  const files = new Map<string, SecretSpec[]>();
  for (const spec of specs) files.set(spec.file, [...(files.get(spec.file) ?? []), spec]);
  return Promise.all(
    [...files].map(async ([file, members]) => {
      const reason = await prove(repository, file, members, identities);
      return { file, ok: reason === undefined, reason };
    }),
  );
}

/**
 * As `proveDecryptable`, but throws when one proof fails.
 *
 * @throws {SecretsError} `NOT_DECRYPTABLE` naming the files and why.
 */
export async function requireDecryptable(...args: Parameters<typeof proveDecryptable>): Promise<Proof[]> {
  const proofs = await proveDecryptable(...args);
  const failed = proofs.filter(({ ok }) => !ok);
  if (failed.length > 0) {
    const list = failed.map(({ file, reason }) => `${file} (${reason})`).join('; ');
    throw new SecretsError('NOT_DECRYPTABLE', `the identity does not open every file: ${list}`);
  }
  return proofs;
}

async function prove(
  repository: string,
  file: string,
  members: readonly SecretSpec[],
  identities: readonly AgeIdentity[],
): Promise<string | undefined> {
  const [first] = members;
  if (first === undefined) return undefined;
  const format = formatOfSecret(first);
  try {
    const bytes = await readFile(join(repository, file));
    const plain = await plaintextLeavesOf(bytes, { file, format });
    if (plain.length > 0) return `not encrypted: ${plain.join(', ')}`;
    const opened: DecryptedFile = await decryptFile(bytes, { file, format, identities });
    const missing = members.filter((spec) => contentAt(opened, spec.key) === undefined);
    return missing.length === 0 ? undefined : `not in it: ${missing.map(({ key }) => key).join(', ')}`;
  } catch (error) {
    if (error instanceof SecretsError) return error.message;
    if (isErrno(error, 'ENOENT')) return 'the file is not there';
    throw error;
  }
}
