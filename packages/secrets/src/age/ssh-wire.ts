import { createHash } from 'node:crypto';
import { SecretsError } from '../errors.ts';
import { unpadded } from './age-file.ts';

/** Reads the length-prefixed fields of ssh's wire format. */
export class SshReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes);
  }

  uint32(): number {
    if (this.#at + 4 > this.#bytes.length) throw malformed();
    const value = this.#bytes.readUInt32BE(this.#at);
    this.#at += 4;
    return value;
  }

  field(): Buffer {
    const length = this.uint32();
    if (this.#at + length > this.#bytes.length) throw malformed();
    const field = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return field;
  }

  text(): string {
    return this.field().toString('latin1');
  }
}

/** Four bytes of the key's hash, by which a stanza says whom it is for. */
export function sshFingerprint(wire: Uint8Array): string {
  return unpadded(createHash('sha256').update(wire).digest().subarray(0, 4));
}

const prime = 2n ** 255n - 19n;

/** The X25519 point of an Ed25519 public key: u = (1 + y) / (1 - y). */
export function montgomeryPoint(edwards: Uint8Array): Uint8Array {
  const bytes = Buffer.from(edwards.toReversed());
  const y = BigInt(`0x${bytes.toString('hex')}`) & (2n ** 255n - 1n);
  if (edwards.length !== 32 || y >= prime) throw malformed();
  const u = ((1n + y) * power((prime + 1n - y) % prime, prime - 2n)) % prime;
  return Buffer.from(u.toString(16).padStart(64, '0'), 'hex').toReversed();
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let square = base % prime, left = exponent; left > 0n; left >>= 1n) {
    if ((left & 1n) === 1n) result = (result * square) % prime;
    square = (square * square) % prime;
  }
  return result;
}

export function malformed(): SecretsError {
  return new SecretsError('KEY_INVALID', 'an ssh key is malformed');
}

/** What age's ssh stanzas are derived under. */
export const sshLabels = {
  ed25519: 'age-encryption.org/v1/ssh-ed25519',
  rsa: 'age-encryption.org/v1/ssh-rsa',
} as const;
