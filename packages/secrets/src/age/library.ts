import { Decrypter, Encrypter, armor } from 'age-encryption';
import { SecretsError } from '../errors.ts';
import type { AgeFile } from './age-file.ts';
import type { LibraryIdentity } from './identity.ts';

// The age library takes a tenth of a second to load, so only what needs it imports this file.

/** @throws {SecretsError} `KEY_INVALID` */
export async function wrapWithLibrary(dataKey: Uint8Array, recipient: string): Promise<string> {
  const encrypter = new Encrypter();
  try {
    encrypter.addRecipient(recipient);
  } catch (error) {
    throw new SecretsError(
      'KEY_INVALID',
      'a recipient is mistyped or of no known kind',
      {},
      { cause: error },
    );
  }
  return armor.encode(await encrypter.encrypt(dataKey));
}

/** The file key of a data key for an identity that the library reads, or `null` when it is for another one. */
export async function unwrapWithLibrary(
  enc: string,
  file: AgeFile,
  identity: LibraryIdentity,
): Promise<Uint8Array | null> {
  if (!file.stanzas.some(({ args }) => args[0] === 'mlkem768x25519')) return null;
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity.reveal());
  const bytes = armor.decode(enc);
  try {
    return await decrypter.decryptHeader(bytes.subarray(0, bytes.length - file.payload.length));
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('no identity matched')) return null;
    throw new SecretsError('DECRYPT_FAILED', 'an encrypted data key is damaged', {}, { cause: error });
  }
}

/**
 * Opens an identity file that is itself encrypted with a passphrase.
 *
 * @throws {SecretsError} `NO_IDENTITY`: the passphrase is wrong.
 */
export async function openWithPassphrase(
  bytes: Uint8Array,
  passphrase: string,
  file?: string,
): Promise<string> {
  const decrypter = new Decrypter();
  decrypter.addPassphrase(passphrase);
  const text = Buffer.from(bytes).toString('latin1');
  try {
    return await decrypter.decrypt(text.startsWith('-----BEGIN AGE') ? armor.decode(text) : bytes, 'text');
  } catch (error) {
    throw new SecretsError(
      'NO_IDENTITY',
      'the passphrase does not open the identity file',
      { file },
      { cause: error },
    );
  }
}
