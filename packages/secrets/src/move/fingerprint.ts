import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** Tells equal contents from different ones without saying anything about them. */
export interface Fingerprinter {
  /** 64 hex digits: HMAC-SHA-256 under this fingerprinter's key, domain-separated by the secret's name. */
  of(name: string, content: Uint8Array): string;
  /** Whether two contents have the same fingerprint; compared in constant time. */
  equal(name: string, a: Uint8Array, b: Uint8Array): boolean;
}

/**
 * A fingerprinter with a key of its own. Reports of two runs have different keys, so that neither weak secrets can be
 * guessed from a report nor equal ones linked across them.
 *
 * @param key - at least 16 bytes; default: random.
 */
export function createFingerprinter(key: Uint8Array = randomBytes(32)): Fingerprinter {
  if (key.length < 16) throw new RangeError('a fingerprint key has at least 16 bytes');
  const digest = (name: string, content: Uint8Array): Buffer =>
    createHmac('sha256', key).update(`cutover secret\0${name.length}\0${name}\0`).update(content).digest();
  return {
    of: (name, content) => digest(name, content).toString('hex'),
    equal: (name, a, b) => timingSafeEqual(digest(name, a), digest(name, b)),
  };
}
