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
  readonly name?: string | undefined;
  readonly type?: 'client' | 'metrics' | undefined;
  readonly description?: string | undefined;
  readonly restricted?: boolean | undefined;
  readonly projects?: readonly string[] | undefined;
  /** PEM or base64 of DER: to replace one's own certificate. */
  readonly certificate?: string | undefined;
}

/** A certificate to trust (`POST /1.0/certificates`). */
export interface CertificateCreate extends CertificateChange {
  readonly name: string;
  /** Default `client`. */
  readonly type?: 'client' | 'metrics' | undefined;
  /** PEM or base64 of DER. Default: the certificate of the connection is added. */
  readonly certificate?: string | undefined;
  /** From the server's administrator, for a caller whom the server does not trust yet. */
  readonly trust_token?: string | undefined;
}

/** Who a trust token is for, and what its bearer may do. */
export interface TokenCreate {
  readonly name: string;
  readonly restricted?: boolean | undefined;
  readonly projects?: readonly string[] | undefined;
}
