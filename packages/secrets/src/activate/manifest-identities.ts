import { parseIdentities } from '../age/identities.ts';
import type { AgeIdentity } from '../age/identity.ts';
import { SecretsError } from '../errors.ts';
import { readFileBounded } from '../files/read-file.ts';
import type { Manifest } from './manifest.ts';

/** What a manifest's keys open, and nothing else: no environment and no home directory is looked at. */
export interface ManifestIdentities {
  readonly identities: readonly AgeIdentity[];
  /** The ssh keys that could not be used, and why. */
  readonly unused: readonly string[];
}

/**
 * Reads the keys of a manifest. As in sops-nix an ssh key that is not there, or has no age key, is passed over: Nix names
 * all host keys. The age key file has to be there.
 *
 * @throws {SecretsError} `NO_IDENTITY`, `KEY_INVALID`
 */
export async function manifestIdentities({
  ageKeyFile,
  ageSshKeyPaths,
}: Manifest): Promise<ManifestIdentities> {
  const identities: AgeIdentity[] = [];
  const unused: string[] = [];
  for (const path of ageSshKeyPaths) {
    // As sops-nix does: the key's age key, not the ssh key itself.
    const { sshToAge } = await import('../age/ssh-identity.ts');
    try {
      identities.push(sshToAge(await readKey(path), path));
    } catch (error) {
      if (!(error instanceof SecretsError)) throw error;
      unused.push(`${path} (${error.what})`);
    }
  }
  if (ageKeyFile !== '') identities.push(...parseIdentities(await readKey(ageKeyFile), ageKeyFile));
  return { identities, unused };
}

async function readKey(path: string): Promise<string> {
  try {
    return (await readFileBounded(path)).toString('utf8');
  } catch (error) {
    throw new SecretsError(
      'NO_IDENTITY',
      'the key cannot be read; place the bootstrap key before activation',
      { file: path },
      { cause: error },
    );
  }
}
