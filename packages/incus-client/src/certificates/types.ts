/** A certificate that the server trusts (`GET /1.0/certificates/{fingerprint}`). */
export interface Certificate {
  readonly fingerprint: string;
  /** PEM. */
  readonly certificate: string;
  readonly name: string;
  readonly type: 'client' | 'server' | 'metrics';
  readonly description: string;
  /** Whether it may see `projects` only. */
  readonly restricted: boolean;
  readonly projects: readonly string[];
}

/** What can be changed of a certificate. */
export interface CertificateChange {
  readonly name?: string;
  readonly type?: 'client' | 'metrics';
  readonly description?: string;
  readonly restricted?: boolean;
  readonly projects?: readonly string[];
  /** PEM or base64 of DER: to replace one's own certificate. */
  readonly certificate?: string;
}

/** A certificate to trust (`POST /1.0/certificates`). */
export interface CertificateCreate extends CertificateChange {
  readonly name: string;
  /** Default `client`. */
  readonly type?: 'client' | 'metrics';
  /** PEM or base64 of DER; without it, the certificate of the connection is added. */
  readonly certificate?: string;
  /** From the server's administrator, for a caller whom the server does not trust yet. */
  readonly trust_token?: string;
}

/** Who a trust token is for, and what its bearer may do. */
export interface TokenCreate {
  readonly name: string;
  readonly restricted?: boolean;
  readonly projects?: readonly string[];
}
