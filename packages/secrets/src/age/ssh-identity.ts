import {
  type KeyObject,
  constants,
  createHash,
  createPrivateKey,
  createPublicKey,
  privateDecrypt,
} from 'node:crypto';
import { SecretsError, withFile } from '../errors.ts';
import type { Stanza } from './age-file.ts';
import { identityOfScalar } from './x25519.ts';
import { sshWrappingKey, tweaked } from './ssh-recipient.ts';
import { SshReader, malformed, sshFingerprint, sshLabels } from './ssh-wire.ts';
import { openFileKey, privateKeyOf, shareOf, x25519 } from './x25519-keys.ts';

/** An ssh private key as an age identity. */
export interface SshIdentity {
  /** `ssh-ed25519 AAAA…` or `ssh-rsa AAAA…`. */
  readonly recipient: string;
  /** Gives the file key, or `null` when no stanza is for this key. */
  unwrapFileKey(stanzas: Stanza[]): Uint8Array | null;
}

/**
 * Reads an ssh private key without a passphrase: OpenSSH's own format, or PEM for RSA.
 *
 * @throws {SecretsError} `KEY_INVALID`; `UNSUPPORTED` for a key with a passphrase or of another kind.
 */
export function sshIdentity(pem: string, file?: string): SshIdentity {
  try {
    return parseOpenSsh(pem);
  } catch (error) {
    if (!(error instanceof SecretsError))
      throw new SecretsError('KEY_INVALID', 'an ssh key is malformed', { file });
    throw new SecretsError(error.code, error.what, { file });
  }
}

/**
 * The X25519 identity of an ssh-ed25519 key, as ssh-to-age makes it and sops-nix uses it. It opens files for the
 * key's `age1…` recipient, not files for `ssh-ed25519 …`.
 */
export function sshToAge(pem: string, file?: string): ReturnType<typeof identityOfScalar> {
  return withFile(file, () => {
    const { kind, reader } = openSshFields(pem);
    if (kind !== 'ssh-ed25519')
      throw new SecretsError('UNSUPPORTED', 'only an ssh-ed25519 key has an age key');
    reader.field();
    return identityOfScalar(scalarOf(reader.field()));
  });
}

function parseOpenSsh(pem: string): SshIdentity {
  if (/^-----BEGIN (?:RSA )?PRIVATE KEY-----/m.test(pem)) return rsaIdentity(createPrivateKey(pem));
  const { kind, reader } = openSshFields(pem);
  if (kind === 'ssh-ed25519') return ed25519Identity(reader.field(), reader.field());
  if (kind === 'ssh-rsa') return rsaIdentity(rsaKey(reader));
  throw new SecretsError('UNSUPPORTED', `an ssh key of the kind ${kind}; age knows ssh-ed25519 and ssh-rsa`);
}

/** The fields of the only key in OpenSSH's format (`PROTOCOL.key`). */
function openSshFields(pem: string): { kind: string; reader: SshReader } {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END OPENSSH PRIVATE KEY-----/.exec(
    pem,
  )?.[1];
  const bytes = Buffer.from(body ?? '', 'base64');
  const magic = 'openssh-key-v1\0';
  if (bytes.toString('latin1', 0, magic.length) !== magic) throw malformed();
  const outer = new SshReader(bytes.subarray(magic.length));
  const cipher = outer.text();
  outer.field();
  outer.field();
  if (outer.uint32() !== 1) throw malformed();
  outer.field();
  if (cipher !== 'none')
    throw new SecretsError('UNSUPPORTED', 'an ssh key with a passphrase, which is not supported');
  const inner = new SshReader(outer.field());
  if (inner.uint32() !== inner.uint32()) throw malformed();
  return { kind: inner.text(), reader: inner };
}

/** The X25519 scalar of an Ed25519 key: half of the seed's hash. */
function scalarOf(secret: Uint8Array): Uint8Array {
  return createHash('sha512').update(secret.subarray(0, 32)).digest().subarray(0, 32);
}

function ed25519Identity(publicKey: Uint8Array, secret: Uint8Array): SshIdentity {
  const wire = wireOf('ssh-ed25519', publicKey);
  const key = privateKeyOf(scalarOf(secret));
  const own = shareOf(createPublicKey(key));
  const fingerprint = sshFingerprint(wire);
  return {
    recipient: `ssh-ed25519 ${wire.toString('base64')}`,
    unwrapFileKey(stanzas) {
      for (const { args, body } of stanzas) {
        if (args[0] !== 'ssh-ed25519' || args[1] !== fingerprint) continue;
        const share = Buffer.from(args[2] ?? '', 'base64');
        if (share.length !== 32)
          throw new SecretsError('DECRYPT_FAILED', 'an ssh-ed25519 stanza is malformed');
        const fileKey = openFileKey(body, sshWrappingKey(tweaked(wire, x25519(key, share)), share, own));
        if (fileKey !== null) return fileKey;
      }
      return null;
    },
  };
}

function rsaIdentity(key: KeyObject): SshIdentity {
  const { n = '', e = '' } = createPublicKey(key).export({ format: 'jwk' });
  const modulus = Buffer.from(n, 'base64url');
  const signed = (modulus[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.of(0), modulus]) : modulus;
  const wire = wireOf('ssh-rsa', Buffer.from(e, 'base64url'), signed);
  const fingerprint = sshFingerprint(wire);
  return {
    recipient: `ssh-rsa ${wire.toString('base64')}`,
    unwrapFileKey(stanzas) {
      for (const { args, body } of stanzas) {
        if (args[0] !== 'ssh-rsa' || args[1] !== fingerprint) continue;
        const padding = constants.RSA_PKCS1_OAEP_PADDING;
        try {
          return new Uint8Array(
            privateDecrypt({ key, padding, oaepHash: 'sha256', oaepLabel: Buffer.from(sshLabels.rsa) }, body),
          );
        } catch {
          // Four bytes of fingerprint may be another key's.
          continue;
        }
      }
      return null;
    },
  };
}

function rsaKey(reader: SshReader): KeyObject {
  const [n, e, d, iqmp, p, q] = [1, 2, 3, 4, 5, 6].map(() => reader.field());
  if (
    n === undefined ||
    e === undefined ||
    d === undefined ||
    iqmp === undefined ||
    p === undefined ||
    q === undefined
  ) {
    throw malformed();
  }
  const number = (bytes: Uint8Array): string =>
    Buffer.from(bytes[0] === 0 ? bytes.subarray(1) : bytes).toString('base64url');
  const modulo = (factor: Buffer): string => {
    const value = big(d) % (big(factor) - 1n);
    const hex = value.toString(16);
    return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url');
  };
  const jwk = {
    kty: 'RSA',
    n: number(n),
    e: number(e),
    d: number(d),
    p: number(p),
    q: number(q),
    dp: modulo(p),
    dq: modulo(q),
    qi: number(iqmp),
  };
  return createPrivateKey({ key: jwk, format: 'jwk' });
}

const big = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString('hex')}`);

function wireOf(...fields: readonly (string | Uint8Array)[]): Buffer {
  return Buffer.concat(
    fields.flatMap((field) => {
      const bytes = Buffer.from(field);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}
