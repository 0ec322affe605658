import { randomBytes } from 'node:crypto';
import { SecretsError, howToSops } from '../errors.ts';
import { openAgeFile, parseAgeFile, sealAgeFile } from './age-file.ts';
import type { AgeIdentity } from './identity.ts';
import type { AgeRecipient } from './recipient.ts';
import { x25519Recipient } from './x25519.ts';

/**
 * Reads a recipient: `age1…`, `ssh-ed25519 …` or `ssh-rsa …`. The hybrid ones are the age library's own.
 *
 * @throws {SecretsError} `KEY_INVALID` a mistyped one, `NEEDS_SOPS` a kind that only plugins know.
 */
export async function parseRecipient(text: string): Promise<AgeRecipient | 'library'> {
  if (text.startsWith('ssh-')) {
    const { sshRecipient } = await import('./ssh-recipient.ts');
    return sshRecipient(text);
  }
  if (text.startsWith('age1pq1')) return 'library';
  const plugin = pluginOf(text);
  if (plugin !== undefined) {
    throw new SecretsError('NEEDS_SOPS', `${text} is of the plugin ${plugin}: ${howToSops}`);
  }
  return x25519Recipient(text);
}

/** The plugin that a recipient is of, e.g. `yubikey` of `age1yubikey1…`; `undefined` for a recipient without a plugin. */
export function pluginOf(recipient: string): string | undefined {
  return /^age1(?!pq1)([a-z0-9+._-]+)1/.exec(recipient)?.[1];
}

/** Encrypts a data key (or a share of one) for one recipient, armored, as sops stores it: once for each recipient. */
export async function wrapDataKey(dataKey: Uint8Array, recipient: string): Promise<string> {
  const parsed = await parseRecipient(recipient);
  if (parsed === 'library') {
    const { wrapWithLibrary } = await import('./library.ts');
    return wrapWithLibrary(dataKey, recipient);
  }
  const fileKey = randomBytes(16);
  return sealAgeFile(dataKey, fileKey, await parsed.wrapFileKey(fileKey));
}

/**
 * Opens an armored data key with the first of `identities` that fits.
 *
 * @returns `undefined` when none of them fits.
 * @throws {SecretsError} `DECRYPT_FAILED`: the armored text is damaged.
 */
export async function unwrapDataKey(
  enc: string,
  identities: readonly AgeIdentity[],
): Promise<Uint8Array | undefined> {
  const file = parseAgeFile(enc);
  for (const identity of identities) {
    const fileKey =
      'reveal' in identity
        ? await import('./library.ts').then(({ unwrapWithLibrary }) => unwrapWithLibrary(enc, file, identity))
        : await identity.unwrapFileKey(file.stanzas);
    if (fileKey !== null) return openAgeFile(file, fileKey);
  }
  return undefined;
}
