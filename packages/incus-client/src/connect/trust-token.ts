import { IncusConnectionError, IncusError } from '../errors.ts';
import { createClient } from '../client.ts';
import { createTransport } from '../transport/transport.ts';
import { type Passphrase, clientIdentity } from './client-identity.ts';
import { httpsOrigin } from './https-origin.ts';
import { pinned } from './peer-check.ts';
import { proxyFor } from './proxy-for.ts';

/** What a trust token says: who issued it, where that is, and what proves that one has it. */
export interface TrustToken {
  readonly client_name: string;
  /** Of the issuing server's certificate. */
  readonly fingerprint: string;
  /** `host:port`, any of which may be the one that can be reached. */
  readonly addresses: readonly string[];
  readonly secret: string;
  readonly expires_at: string;
}

/** Who enrols, and where. */
export interface EnrolOptions {
  /** The client's certificate and key, PEM: what the server will trust from now on. */
  readonly cert: string;
  readonly key: string;
  /** Of an encrypted key. */
  readonly passphrase?: Passphrase | undefined;
  /** Where the server is, where the token's own addresses cannot be reached: `https://host:port`. */
  readonly url?: string | undefined;
  /** As for `connectIncus`. */
  readonly proxy?: string | false | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Where to connect from now on, and to what. */
export interface Enrolment {
  readonly url: string;
  readonly serverFingerprint: string;
}

/** Reads a token as `incus config trust add` shows it. @throws {IncusError} `TOKEN_REFUSED`: it is none, or has expired. */
export function decodeTrustToken(token: string): TrustToken {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(token, 'base64').toString());
  } catch (error) {
    throw new IncusError('TOKEN_REFUSED', 'this is not a trust token: it does not decode', { cause: error });
  }
  if (!isToken(parsed))
    throw new IncusError('TOKEN_REFUSED', 'this is not a trust token: it names no server');
  const expiry = Date.parse(parsed.expires_at);
  // An unset expiry is the year 1.
  if (expiry > 0 && expiry < Date.now())
    throw new IncusError(
      'TOKEN_REFUSED',
      `the trust token expired at ${parsed.expires_at}; ask for another one`,
    );
  return parsed;
}

/**
 * Has a server trust a certificate by means of a token. The server must show the certificate of the token's fingerprint, so
 * neither the token nor the certificate is given to another one.
 *
 * @throws {IncusError} `OPTION_INVALID`, `TOKEN_REFUSED`: nothing was sent.
 * @throws {IncusApiError} `ALREADY_EXISTS`: the server trusts the certificate already.
 * @throws {IncusConnectionError} `SERVER_UNTRUSTED`: another server answered. `CONNECTION_FAILED`: none did.
 *
 * @example
 * const token = 'eyJjbGllbnRfbmFtZSI6…'; // as `incus config trust add` shows it
 * const { cert, key } = await generateClientCertificate({ commonName: 'deploy@ci' });
 * const { url, serverFingerprint } = await enrol(token, { cert, key });
 * await using incus = await connectIncus({ url, cert, key, serverFingerprint });
 */
export async function enrol(
  token: string,
  { cert, key, passphrase, url, proxy, signal }: EnrolOptions,
): Promise<Enrolment> {
  const { fingerprint, addresses } = decodeTrustToken(token);
  const origins = (url === undefined ? addresses.map((address) => `https://${address}`) : [url]).map(
    httpsOrigin,
  );
  const identity = await clientIdentity(cert, key, passphrase);
  let failure: unknown = new IncusError(
    'TOKEN_REFUSED',
    'the trust token names no address; give the url of the server',
  );
  for (const origin of origins) {
    await using transport = createTransport({
      origin,
      connectTimeout: 5_000,
      proxy: proxyFor(origin, proxy),
      tls: { ...identity, checkPeer: pinned(fingerprint, origin) },
    });
    try {
      const client = createClient(transport, { project: undefined, target: undefined });
      await client.request('POST', '/1.0/certificates', {
        json: { type: 'client', trust_token: token.trim() },
        signal,
      });
      return { url: origin, serverFingerprint: fingerprint };
    } catch (error) {
      // Only an address that leads nowhere may be passed over; a server that is not the token's is told at once.
      if (!(error instanceof IncusConnectionError) || error.code !== 'CONNECTION_FAILED') throw error;
      failure = error;
    }
  }
  throw failure;
}

function isToken(value: unknown): value is TrustToken {
  return (
    typeof value === 'object' &&
    value !== null &&
    'fingerprint' in value &&
    typeof value.fingerprint === 'string' &&
    'secret' in value &&
    typeof value.secret === 'string' &&
    'addresses' in value &&
    Array.isArray(value.addresses) &&
    value.addresses.every((address) => typeof address === 'string')
  );
}
