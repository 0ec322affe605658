import { createPrivateKey, type KeyObject } from 'node:crypto';

import { HostConnectionError } from '@cutover/host-contract';
import type { ParsedKey } from 'ssh2';

/** Opens an encrypted private key: the passphrase, or who is asked for that of a file (`undefined`: skip the key). */
export type Passphrase = string | ((key: string) => string | undefined | Promise<string | undefined>);

/**
 * Reads a private key: OpenSSH's format, PEM and PKCS #8, encrypted or not.
 *
 * @param what the key's file, for messages and for the callback.
 * @returns `undefined` if its passphrase is asked for and not given.
 * @throws {HostConnectionError} it is not a private key that can be used.
 */
export async function readPrivateKey(
  host: string,
  what: string,
  data: Buffer,
  passphrase: Passphrase | undefined,
): Promise<ParsedKey | undefined> {
  const { default: ssh2 } = await import('ssh2');
  const refuse = (why: string, cause?: unknown): HostConnectionError =>
    new HostConnectionError('AUTHENTICATION_FAILED', host, `${what} cannot be used as private key: ${why}`, {
      cause,
    });
  const text = data.toString('latin1');
  const encrypted = isEncrypted(text, ssh2.utils.parseKey(data));
  const ask = async (asked: Exclude<Passphrase, string>): Promise<string | undefined> => {
    try {
      return await asked(what);
    } catch (error) {
      throw refuse('it is encrypted, and asking for its passphrase failed', error);
    }
  };
  const secret = typeof passphrase === 'function' && encrypted ? await ask(passphrase) : passphrase;
  if (encrypted && secret === undefined) {
    if (passphrase !== undefined) return undefined;
    throw refuse('it is encrypted: give its passphrase, or add it to an agent');
  }
  const opened = typeof secret === 'string' ? secret : undefined;
  try {
    const parsed = ssh2.utils.parseKey(isPkcs8(text) ? fromPkcs8(data, opened) : data, opened);
    if (parsed instanceof Error) throw parsed;
    if (!parsed.isPrivateKey())
      throw refuse('it is a public key; give the private one, the file without .pub');
    return parsed;
  } catch (error) {
    if (error instanceof HostConnectionError) throw error;
    throw refuse(error instanceof Error ? error.message : String(error), error);
  }
}

function isPkcs8(text: string): boolean {
  return /-----BEGIN (ENCRYPTED )?PRIVATE KEY-----/.test(text);
}

function isEncrypted(text: string, parsed: ParsedKey | Error): boolean {
  if (text.includes('BEGIN ENCRYPTED PRIVATE KEY')) return true;
  return parsed instanceof Error && /encrypted|passphrase/i.test(parsed.message);
}

/** ssh2 knows PKCS #1, SEC 1 and OpenSSH's own format. */
function fromPkcs8(data: Buffer, passphrase: string | undefined): string {
  const key = createPrivateKey({ key: data, format: 'pem', ...(passphrase !== undefined && { passphrase }) });
  if (key.asymmetricKeyType === 'rsa') return key.export({ type: 'pkcs1', format: 'pem' }).toString();
  if (key.asymmetricKeyType === 'ec') return key.export({ type: 'sec1', format: 'pem' }).toString();
  if (key.asymmetricKeyType === 'ed25519') return openSshEd25519(key);
  throw new Error(`its type ${key.asymmetricKeyType} is not supported`);
}

/** The format of OpenSSH's PROTOCOL.key, not encrypted. */
function openSshEd25519(key: KeyObject): string {
  const { x = '', d = '' } = key.export({ format: 'jwk' });
  const publicKey = Buffer.from(x, 'base64url');
  const blob = Buffer.concat([field('ssh-ed25519'), field(publicKey)]);
  const secret = Buffer.concat([
    // Two equal check numbers: that it was decrypted is known by them.
    Buffer.alloc(8),
    field('ssh-ed25519'),
    field(publicKey),
    field(Buffer.concat([Buffer.from(d, 'base64url'), publicKey])),
    field(''),
  ]);
  const padding = Buffer.from(Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, index) => index + 1));
  const body = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    field('none'),
    field('none'),
    field(''),
    Buffer.from([0, 0, 0, 1]),
    field(blob),
    field(Buffer.concat([secret, padding])),
  ]).toString('base64');
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${body.replaceAll(/.{70}/g, '$&\n')}\n-----END OPENSSH PRIVATE KEY-----\n`;
}

function field(value: string | Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(Buffer.byteLength(value));
  return Buffer.concat([length, Buffer.from(value)]);
}
