import type { AgeIdentity } from '../age/identities.ts';

/** The identities a command opens files with: those of `file` and no other when it is given, else sops's own places. */
export async function gatherIdentities(file: string | undefined): Promise<AgeIdentity[]> {
  const { findIdentities, readIdentityFile } = await import('../age/search.ts');
  const { askPassphrase } = await import('./ask-passphrase.ts');
  const options = { passphrase: askPassphrase };
  return file === undefined ? findIdentities(options) : readIdentityFile(file, options);
}
