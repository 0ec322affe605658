import type { CallOptions, Tagged } from '../api/call-options.ts';
import type { Scope } from '../scope.ts';
import { type ListOptions, listQuery } from '../api/list-options.ts';
import { path } from '../api/path.ts';
import { certificateDer } from './certificate-facts.ts';
import type { Certificate, CertificateChange, CertificateCreate, TokenCreate } from './types.ts';

/** The server's trust store. Certificates are named by fingerprint: lower-case hex of the SHA-256 of their DER. */
export interface CertificatesArea {
  /** All trusted certificates, or those that the filter of `options` lets pass. */
  list(options?: ListOptions): Promise<readonly Certificate[]>;
  /** @throws {IncusApiError} `NOT_FOUND` */
  get(fingerprint: string, options?: CallOptions): Promise<Certificate>;
  /** With its ETag, for the `ifMatch` of a later change. */
  getTagged(fingerprint: string, options?: CallOptions): Promise<Tagged<Certificate>>;
  /**
   * Makes a trust token: its holder can have one certificate trusted, as `token` says. It is a secret.
   */
  createToken(token: TokenCreate, options?: CallOptions): Promise<string>;
  /** @throws {IncusApiError} `ALREADY_EXISTS` */
  add(certificate: CertificateCreate, options?: CallOptions): Promise<void>;
  /** Replaces all that can be changed. */
  update(
    fingerprint: string,
    change: CertificateChange,
    options?: CallOptions & { readonly ifMatch?: string | undefined },
  ): Promise<void>;
  /** Changes only what is given. */
  patch(fingerprint: string, change: CertificateChange, options?: CallOptions): Promise<void>;
  /** Removes a certificate from the trust store. */
  delete(fingerprint: string, options?: CallOptions): Promise<void>;
}

const collection = '/1.0/certificates';

export function certificatesArea(scope: Scope): CertificatesArea {
  return {
    list: (options = {}) => scope.request('GET', collection, { ...options, query: listQuery(1, options) }),
    get: (fingerprint, options = {}) => scope.request('GET', path`/1.0/certificates/${fingerprint}`, options),
    getTagged: (fingerprint, options = {}) =>
      scope.requestTagged(path`/1.0/certificates/${fingerprint}`, options),
    async createToken(token, options = {}) {
      const json = { type: 'client', token: true, ...token };
      const { metadata } = await scope.accept('POST', collection, { ...options, json });
      const { secret, fingerprint, addresses, expiresAt } = metadata ?? {};
      const content = {
        client_name: token.name,
        fingerprint,
        addresses,
        secret,
        expires_at: expiresAt ?? '0001-01-01T00:00:00Z',
      };
      return Buffer.from(JSON.stringify(content)).toString('base64');
    },
    async add({ certificate, ...rest }, options = {}) {
      const json = {
        ...rest,
        type: rest.type ?? 'client',
        certificate: certificate === undefined ? undefined : encode(certificate),
      };
      await scope.request('POST', collection, { ...options, json });
    },
    async update(fingerprint, change, options = {}) {
      await scope.request('PUT', path`/1.0/certificates/${fingerprint}`, { ...options, json: change });
    },
    async patch(fingerprint, change, options = {}) {
      await scope.request('PATCH', path`/1.0/certificates/${fingerprint}`, { ...options, json: change });
    },
    async delete(fingerprint, options = {}) {
      await scope.request('DELETE', path`/1.0/certificates/${fingerprint}`, options);
    },
  };
}

/** The API takes base64 of DER; people hold PEM. */
function encode(certificate: string): string {
  return certificate.includes('-----BEGIN') ? certificateDer(certificate).toString('base64') : certificate;
}
