import { timingSafeEqual } from 'node:crypto';
import { fingerprintOf } from '../certificates/certificate-facts.ts';
import { IncusConnectionError, IncusError } from '../errors.ts';
import type { PeerCheck } from '../transport/checking-connector.ts';

/**
 * Accepts the one certificate of `fingerprint`, whatever names and dates it bears, and nothing else.
 *
 * @throws {IncusError} `OPTION_INVALID`: no fingerprint looks like this.
 */
export function pinned(fingerprint: string, server: string): PeerCheck {
  const plain = fingerprint.replaceAll(/[:\s]/g, '').toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(plain))
    throw new IncusError(
      'OPTION_INVALID',
      `${fingerprint.trim()} is not the fingerprint of a certificate: the SHA-256 in 64 hexadecimal digits`,
    );
  const wanted = Buffer.from(plain);
  return (certificate) => {
    const found = Buffer.from(fingerprintOf(certificate));
    if (timingSafeEqual(found, wanted)) return undefined;
    return new IncusConnectionError(
      'SERVER_UNTRUSTED',
      server,
      `${server} showed the certificate ${found.toString()}, not the pinned ${wanted.toString()}: nothing was sent to it`,
    );
  };
}
