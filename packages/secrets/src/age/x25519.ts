import { createPublicKey, generateKeyPairSync, hkdfSync } from 'node:crypto';
import { SecretsError } from '../errors.ts';
import { type Stanza, unpadded } from './age-file.ts';
import { decodeBech32, encodeBech32 } from './bech32.ts';
import type { AgeRecipient } from './recipient.ts';
import { openFileKey, privateKeyOf, sealFileKey, shareOf, x25519 } from './x25519-keys.ts';

const label = 'age-encryption.org/v1/X25519';

/** An X25519 identity over Node's own crypto: some twenty times as fast as JavaScript's. */
export interface X25519Identity {
  readonly recipient: string;
  /** Gives the file key, or `null` when no stanza is for this key. */
  unwrapFileKey(stanzas: Stanza[]): Uint8Array | null;
}

/** A fresh identity, `AGE-SECRET-KEY-1…`. */
export function generateX25519(): string {
  const { privateKey } = generateKeyPairSync('x25519');
  const scalar = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32);
  return encodeBech32('age-secret-key-', scalar).toUpperCase();
}

/** @throws {SecretsError} `KEY_INVALID` */
export function x25519Identity(text: string): X25519Identity {
  const { prefix, bytes } = decodeBech32(text);
  if (prefix !== 'age-secret-key-' || bytes.length !== 32) {
    throw new SecretsError('KEY_INVALID', 'not an X25519 identity');
  }
  return identityOfScalar(bytes);
}

/** The identity of 32 bytes of key. */
export function identityOfScalar(scalar: Uint8Array): X25519Identity {
  const secret = privateKeyOf(scalar);
  const own = shareOf(createPublicKey(secret));
  return {
    recipient: encodeBech32('age', own),
    unwrapFileKey(stanzas) {
      for (const { args, body } of stanzas) {
        if (args[0] !== 'X25519') continue;
        const share = Buffer.from(args[1] ?? '', 'base64');
        if (args.length !== 2 || share.length !== 32 || body.length !== 32) {
          throw new SecretsError('DECRYPT_FAILED', 'an X25519 stanza is malformed');
        }
        const fileKey = openFileKey(body, wrappingKey(x25519(secret, share), share, own));
        if (fileKey !== null) return fileKey;
      }
      return null;
    },
  };
}

/** @throws {SecretsError} `KEY_INVALID` */
export function x25519Recipient(text: string): AgeRecipient {
  const { prefix, bytes } = decodeBech32(text);
  if (prefix !== 'age' || bytes.length !== 32)
    throw new SecretsError('KEY_INVALID', 'not an X25519 recipient');
  return {
    wrapFileKey(fileKey) {
      const { privateKey, publicKey } = generateKeyPairSync('x25519');
      const share = shareOf(publicKey);
      const body = sealFileKey(fileKey, wrappingKey(x25519(privateKey, bytes), share, bytes));
      return [{ args: ['X25519', unpadded(share)], body }];
    },
  };
}

function wrappingKey(shared: Uint8Array, share: Uint8Array, recipient: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', shared, Buffer.concat([share, recipient]), label, 32));
}
