import { constants, createPublicKey, generateKeyPairSync, hkdfSync, publicEncrypt } from 'node:crypto';
import { SecretsError } from '../errors.ts';
import { unpadded } from './age-file.ts';
import type { AgeRecipient } from './recipient.ts';
import { SshReader, malformed, montgomeryPoint, sshFingerprint, sshLabels } from './ssh-wire.ts';
import { privateKeyOf, sealFileKey, shareOf, x25519 } from './x25519-keys.ts';

/**
 * Reads an ssh public key as a recipient (age's `agessh`).
 *
 * @throws {SecretsError} `KEY_INVALID`; `UNSUPPORTED` for kinds other than ssh-ed25519 and ssh-rsa.
 */
export function sshRecipient(text: string): AgeRecipient {
  const [kind = '', encoded = ''] = text.trim().split(/\s+/);
  const wire = Buffer.from(encoded, 'base64');
  const reader = new SshReader(wire);
  if (reader.text() !== kind) throw malformed();
  if (kind === 'ssh-ed25519') return ed25519Recipient(wire, reader.field());
  if (kind === 'ssh-rsa') return rsaRecipient(wire, reader.field(), reader.field());
  throw new SecretsError('UNSUPPORTED', `an ssh key of the kind ${kind}; age knows ssh-ed25519 and ssh-rsa`);
}

function ed25519Recipient(wire: Uint8Array, key: Uint8Array): AgeRecipient {
  const point = montgomeryPoint(key);
  return {
    wrapFileKey(fileKey) {
      const { privateKey, publicKey } = generateKeyPairSync('x25519');
      const share = shareOf(publicKey);
      const shared = tweaked(wire, x25519(privateKey, point));
      const body = sealFileKey(fileKey, sshWrappingKey(shared, share, point));
      return [{ args: ['ssh-ed25519', sshFingerprint(wire), unpadded(share)], body }];
    },
  };
}

function rsaRecipient(wire: Uint8Array, exponent: Uint8Array, modulus: Uint8Array): AgeRecipient {
  const number = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
  const unsigned = modulus[0] === 0 ? modulus.subarray(1) : modulus;
  if (unsigned.length < 256)
    throw new SecretsError('KEY_INVALID', 'an ssh-rsa key must have at least 2048 bits');
  const key = createPublicKey({
    key: { kty: 'RSA', n: number(unsigned), e: number(exponent) },
    format: 'jwk',
  });
  return {
    wrapFileKey(fileKey) {
      const padding = constants.RSA_PKCS1_OAEP_PADDING;
      const oaepLabel = Buffer.from(sshLabels.rsa);
      const body = publicEncrypt({ key, padding, oaepHash: 'sha256', oaepLabel }, fileKey);
      return [{ args: ['ssh-rsa', sshFingerprint(wire)], body }];
    },
  };
}

/** Binds the shared secret to the whole ssh key. */
export function tweaked(wire: Uint8Array, shared: Uint8Array): Uint8Array {
  const tweak = new Uint8Array(hkdfSync('sha256', new Uint8Array(), wire, sshLabels.ed25519, 32));
  return x25519(privateKeyOf(tweak), shared);
}

export function sshWrappingKey(shared: Uint8Array, share: Uint8Array, point: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', shared, Buffer.concat([share, point]), sshLabels.ed25519, 32));
}
