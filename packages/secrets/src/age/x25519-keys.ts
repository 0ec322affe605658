import {
  type KeyObject,
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
} from 'node:crypto';
import { SecretsError } from '../errors.ts';

/** What stands before the 32 key bytes in DER. */
const privatePrefix = Buffer.from('302e020100300506032b656e04220420', 'hex');

/** The key of 32 bytes, clamped by X25519 itself. */
export function privateKeyOf(scalar: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([privatePrefix, scalar]), format: 'der', type: 'pkcs8' });
}

/** As a JWK: OpenSSL takes ten times as long to read a key from DER. */
export function publicKeyOf(share: Uint8Array): KeyObject {
  const x = Buffer.from(share).toString('base64url');
  return createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' });
}

/** The 32 bytes of a public key. */
export function shareOf(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' }).subarray(-32);
}

/**
 * Scalar times point.
 *
 * @throws {SecretsError} `KEY_INVALID`: a point of low order, which no honest key is and age refuses.
 */
export function x25519(scalar: KeyObject, point: Uint8Array): Buffer {
  try {
    return diffieHellman({ privateKey: scalar, publicKey: publicKeyOf(point) });
  } catch (error) {
    throw new SecretsError(
      'KEY_INVALID',
      'a public key is of low order, as no honest one is',
      {},
      { cause: error },
    );
  }
}

const zeroNonce = Buffer.alloc(12);

/** Seals a file key under a wrapping key that is used once, so the nonce is zero. */
export function sealFileKey(fileKey: Uint8Array, wrappingKey: Uint8Array): Uint8Array {
  const cipher = createCipheriv('chacha20-poly1305', wrappingKey, zeroNonce, { authTagLength: 16 });
  return Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
}

/** Opens a file key, or `null` when it was sealed under another key. */
export function openFileKey(body: Uint8Array, wrappingKey: Uint8Array): Uint8Array | null {
  if (body.length !== 32) return null;
  const decipher = createDecipheriv('chacha20-poly1305', wrappingKey, zeroNonce, { authTagLength: 16 });
  decipher.setAuthTag(body.subarray(16));
  const fileKey = decipher.update(body.subarray(0, 16));
  try {
    decipher.final();
  } catch {
    // The only way to learn that a stanza is for another recipient.
    return null;
  }
  return new Uint8Array(fileKey);
}
