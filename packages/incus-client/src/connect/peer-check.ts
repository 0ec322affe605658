import { timingSafeEqual } from 'node:crypto';
import { IncusConnectionError } from '../errors.ts';
import type { PeerCheck } from '../transport/checking-connector.ts';
import { fingerprintOf } from '../certificates/certificate-facts.ts';

/** Accepts the one certificate of `fingerprint`, whatever names and dates it bears, and nothing else. */
export function pinned(fingerprint: string, server: string): PeerCheck {
  const wanted = Buffer.from(fingerprint.replaceAll(':', '').toLowerCase());
  return (certificate) => {
    const found = Buffer.from(fingerprintOf(certificate));
    if (found.length === wanted.length && timingSafeEqual(found, wanted)) return undefined;
    return new IncusConnectionError(
      'SERVER_UNTRUSTED',
      server,
      `${server} showed the certificate ${found.toString()}, not the pinned ${wanted.toString()}: nothing was sent to it`,
    );
  };
}
