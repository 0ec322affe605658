import { IncusError } from '../errors.ts';

/** What to say where only a login in a browser would do. */
export function oidcRefusal(what: string): IncusError {
  return new IncusError(
    'CLIENT_UNTRUSTED',
    `${what} takes a login by OpenID Connect, which this client does not do; have its administrator trust a client certificate (generateClientCertificate, then enrol with a trust token)`,
  );
}
