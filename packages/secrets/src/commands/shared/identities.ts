import type { AgeIdentity } from '../../age/identity.ts';

/** The identities a command opens files with: those of `file` and no other when it is given, else sops's own places. */
export async function gatherIdentities(file: string | undefined): Promise<AgeIdentity[]> {
  const { findIdentities, readIdentityFile } = await import('../../age/search.ts');
  const { askPassphrase } = await import('./ask-passphrase.ts');
  const options = { passphrase: askPassphrase };
  return file === undefined ? findIdentities(options) : readIdentityFile(file, options);
}

/**
 * The text of an identity file that is to be placed elsewhere.
 *
 * @throws {SecretsError} `NO_IDENTITY`: it cannot be read.
 */
export async function readIdentityText(file: string): Promise<string> {
  const { readFileBounded } = await import('../../files/read-file.ts');
  const { SecretsError } = await import('../../errors.ts');
  try {
    return (await readFileBounded(file)).toString('utf8');
  } catch (cause) {
    throw new SecretsError('NO_IDENTITY', 'the identity file cannot be read', { file }, { cause });
  }
}
