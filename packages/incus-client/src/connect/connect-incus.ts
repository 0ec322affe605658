import { type IncusClient, createClient } from '../client.ts';
import { certificateDer, describeCertificate, fingerprintOf } from '../certificates/certificate-facts.ts';
import { IncusConnectionError, IncusError } from '../errors.ts';
import { createTransport } from '../transport/transport.ts';
import type { TransportOptions } from '../transport/types.ts';
import { type Passphrase, clientIdentity } from './client-identity.ts';
import { locateSocket } from './locate-socket.ts';
import { oidcRefusal } from './oidc-refusal.ts';
import { pinned } from './peer-check.ts';
import { proxyFor } from './proxy-for.ts';
import { httpsOrigin } from './https-origin.ts';

export type { Passphrase } from './client-identity.ts';

/** A server over HTTPS. Without `serverCert`, `serverFingerprint` or `ca`, its certificate must be one that Node trusts. */
export interface HttpsConnectOptions {
  /** `https://host:port`. */
  readonly url: string;
  /** The client's certificate and key, PEM. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Of an encrypted key; a function is asked only when it is needed. */
  readonly passphrase?: Passphrase | undefined;
  /** The server's own certificate, PEM: exactly this one is accepted, whatever names it bears. */
  readonly serverCert?: string | undefined;
  /** The same by its fingerprint: hex of the SHA-256 of its DER. */
  readonly serverFingerprint?: string | undefined;
  /** Of a PKI: PEM of the authority that signed the server's certificate. */
  readonly ca?: string | undefined;
  /** The server need not know us: what it shows to everyone, public images for instance, is all that is wanted of it. */
  readonly public?: boolean | undefined;
  /**
   * The proxy to go through: `http://`, `https://` or `socks5://host:port`, with `user:password@` where it asks for them.
   * `false`: none. Without it, as `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` say.
   */
  readonly proxy?: string | false | undefined;
}

/** A server over a unix socket. */
export interface SocketConnectOptions {
  /** Without it: `INCUS_SOCKET`, `INCUS_DIR`, /run/incus, /var/lib/incus, then the user socket. */
  readonly socketPath?: string | undefined;
}

/** A server, and what of it calls are for. */
export type ConnectOptions = (HttpsConnectOptions | SocketConnectOptions) & {
  /** The project that every call is made in. Default: the server's `default`. */
  readonly project?: string | undefined;
  /** The cluster member that calls are for, or `@group`. */
  readonly target?: string | undefined;
  /** Milliseconds to dial and shake hands. Default 10 000. */
  readonly connectTimeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Connects to an Incus server and sees that it answers and knows us.
 *
 * @throws {IncusConnectionError} it cannot be reached, its certificate is not the pinned one, or it does not trust ours.
 * @throws {IncusError} `OPTION_INVALID`: nothing was sent.
 *
 * @example
 * await using incus = await connectIncus({
 *   url: 'https://10.0.0.1:8443',
 *   cert: await readFile('client.crt', 'utf8'),
 *   key: await readFile('client.key', 'utf8'),
 *   serverCert: await readFile('server.crt', 'utf8'),
 * });
 * const instances = await incus.instances.list();
 */
export async function connectIncus(options: ConnectOptions = {}): Promise<IncusClient> {
  const { transport, project } = 'url' in options ? await https(options) : socket(options);
  const client = createClient(createTransport({ ...transport, connectTimeout: options.connectTimeout }), {
    project: given(options.project) ?? project,
    target: given(options.target),
  });
  try {
    const { auth, auth_methods: methods } = await client.server.get({ signal: options.signal });
    const known = auth === 'trusted' || ('public' in options && options.public === true);
    if (!known) throw untrusted(client.address, methods, transport.tls?.cert);
    return client;
  } catch (error) {
    await client.close();
    throw error;
  }
}

interface Resolved {
  readonly transport: TransportOptions;
  readonly project?: string | undefined;
}

/** Empty text, as an environment variable that is not set is often read, is as good as none. */
function given(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

function socket(options: SocketConnectOptions): Resolved {
  const named = given(options.socketPath);
  const { socketPath, ...rest } = named === undefined ? locateSocket() : { socketPath: named };
  return { transport: { origin: 'http://incus', socketPath }, ...rest };
}

async function https(options: HttpsConnectOptions): Promise<Resolved> {
  const { url, cert, key, serverCert, serverFingerprint, ca } = options;
  const origin = httpsOrigin(url);
  if (cert === undefined ? key !== undefined : key === undefined)
    throw new IncusError('OPTION_INVALID', 'a client certificate needs both cert and key');
  const identity =
    cert === undefined || key === undefined ? {} : await clientIdentity(cert, key, options.passphrase);
  if (ca !== undefined) certificateDer(ca, 'ca');
  const fingerprint =
    serverFingerprint ??
    (serverCert === undefined ? undefined : fingerprintOf(certificateDer(serverCert, 'serverCert')));
  const checkPeer = fingerprint === undefined ? undefined : pinned(fingerprint, origin);
  return {
    transport: { origin, tls: { ...identity, ca, checkPeer }, proxy: proxyFor(origin, options.proxy) },
  };
}

function untrusted(address: string, methods: readonly string[], cert: string | undefined): IncusError {
  if (!methods.includes('tls') && methods.includes('oidc')) return oidcRefusal(address);
  const expiry = cert === undefined ? undefined : describeCertificate(cert).notAfter;
  const why =
    expiry !== undefined && expiry.getTime() < Date.now()
      ? `${address} does not accept this client's certificate, which expired on ${expiry.toISOString()}; make a new one (generateClientCertificate) and have it trusted there`
      : cert === undefined
        ? `${address} trusts clients by their certificates; give cert and key`
        : `${address} does not trust this client's certificate; add it there (incus config trust add-certificate), or enrol with a trust token`;
  return new IncusConnectionError('CLIENT_UNTRUSTED', address, why);
}
