import { SecretsError } from '../errors.ts';
import type { AgeIdentity } from './identities.ts';
import { x25519Recipient } from './x25519.ts';

/**
 * Encrypts a data key (or a share of one) for one recipient, armored, as sops stores it: once for each recipient.
 *
 * @throws {SecretsError} `KEY_INVALID` a mistyped recipient, `UNSUPPORTED` one of a kind only the sops binary knows.
 */
export async function wrapDataKey(dataKey: Uint8Array, recipient: string): Promise<string> {
  const { Encrypter, armor } = await import('age-encryption');
  const encrypter = new Encrypter();
  if (/^age1[^p]/.test(recipient) || /^age1p[^q]/.test(recipient))
    encrypter.addRecipient(x25519Recipient(recipient));
  else {
    throw new SecretsError(
      'UNSUPPORTED',
      `the recipient ${recipient.slice(0, 24)}… is of a kind that is not supported`,
    );
  }
  return armor.encode(await encrypter.encrypt(dataKey));
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
  const { Decrypter, armor } = await import('age-encryption');
  const decrypter = new Decrypter();
  for (const identity of identities)
    decrypter.addIdentity('reveal' in identity ? identity.reveal() : identity);
  try {
    return await decrypter.decrypt(armor.decode(enc), 'uint8array');
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('no identity matched')) return undefined;
    throw new SecretsError('DECRYPT_FAILED', 'an encrypted data key is damaged', {}, { cause: error });
  }
}
