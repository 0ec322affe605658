import { X509Certificate, createHash } from 'node:crypto';
import { IncusError } from '../errors.ts';

/** What a certificate says of itself. */
export interface CertificateFacts {
  /** Lower-case hex of the SHA-256 of the DER: what the server calls it. */
  readonly fingerprint: string;
  readonly subject: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Reads a PEM certificate, e.g. to see when it expires before it is needed. */
export function describeCertificate(pem: string): CertificateFacts {
  const certificate = parse(pem);
  return {
    fingerprint: fingerprintOf(certificate.raw),
    subject: certificate.subject,
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
  };
}

/** The fingerprint of a PEM certificate: lower-case hex of the SHA-256 of its DER. */
export function certificateFingerprint(pem: string): string {
  return fingerprintOf(parse(pem).raw);
}

/** A PEM certificate's DER; `what` it is, for the error. */
export function certificateDer(pem: string, what?: string): Buffer {
  return parse(pem, what).raw;
}

/** The fingerprint of a DER certificate. */
export function fingerprintOf(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('hex');
}

function parse(pem: string, what = 'this'): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new IncusError(
      'OPTION_INVALID',
      `${what} is not a certificate in PEM (it should begin with -----BEGIN CERTIFICATE-----)`,
      { cause: error },
    );
  }
}
