import { type IncusClient, createClient } from '../client.ts';
import { IncusConnectionError, IncusError } from '../errors.ts';
import { createTransport } from '../transport/transport.ts';
import type { TlsMaterial, TransportOptions } from '../transport/types.ts';
import { certificateFingerprint } from '../certificates/certificate-facts.ts';
import { locateSocket } from './locate-socket.ts';
import { oidcRefusal } from './oidc-refusal.ts';
import { pinned } from './peer-check.ts';

/** A server over HTTPS. Without `serverCert`, `serverFingerprint` or `ca`, its certificate must be one that Node trusts. */
export interface HttpsConnectOptions {
  /** `https://host:port`. */
  readonly url: string;
  /** The client's certificate and key, PEM. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** The server's own certificate, PEM: exactly this one is accepted, whatever names it bears. */
  readonly serverCert?: string | undefined;
  /** The same by its fingerprint: hex of the SHA-256 of its DER. */
  readonly serverFingerprint?: string | undefined;
  /** Of a PKI: PEM of the authority that signed the server's certificate. */
  readonly ca?: string | undefined;
}

/** A server over a unix socket. */
export interface SocketConnectOptions {
  /** Without it: `INCUS_SOCKET`, `INCUS_DIR`, /run/incus, /var/lib/incus, then the user socket. */
  readonly socketPath?: string | undefined;
}

/** A server, and what of it calls are for. */
export type ConnectOptions = (HttpsConnectOptions | SocketConnectOptions) & {
  /** The project that every call is made in; the server's `default` without it. */
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
 */
export async function connectIncus(options: ConnectOptions = {}): Promise<IncusClient> {
  const { transport, project } = 'url' in options ? https(options) : socket(options);
  const client = createClient(createTransport({ ...transport, connectTimeout: options.connectTimeout }), {
    project: options.project ?? project,
    target: options.target,
  });
  try {
    const { auth, auth_methods: methods } = await client.server.get({ signal: options.signal });
    if (auth !== 'trusted') throw untrusted(client.address, methods);
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

function socket(options: SocketConnectOptions): Resolved {
  const { socketPath, ...rest } =
    options.socketPath === undefined ? locateSocket() : { socketPath: options.socketPath };
  return { transport: { origin: 'http://incus', socketPath }, ...rest };
}

function https({ url, cert, key, serverCert, serverFingerprint, ca }: HttpsConnectOptions): Resolved {
  const { origin, protocol } = parseUrl(url);
  if (protocol !== 'https:') throw new IncusError('OPTION_INVALID', `${url} is not an https:// address`);
  if ((cert === undefined) !== (key === undefined))
    throw new IncusError('OPTION_INVALID', 'a client certificate needs both cert and key');
  const fingerprint =
    serverFingerprint ?? (serverCert === undefined ? undefined : certificateFingerprint(serverCert));
  const tls: TlsMaterial = {
    cert,
    key,
    ca,
    checkPeer: fingerprint === undefined ? undefined : pinned(fingerprint, origin),
  };
  return { transport: { origin, tls } };
}

function parseUrl(url: string): URL {
  try {
    return new URL(url);
  } catch (error) {
    throw new IncusError(
      'OPTION_INVALID',
      `${url} is not an address such as https://incus.example.org:8443`,
      { cause: error },
    );
  }
}

function untrusted(address: string, methods: readonly string[]): IncusError {
  if (!methods.includes('tls') && methods.includes('oidc')) return oidcRefusal(address);
  const why = `${address} does not trust this client's certificate; add it there (incus config trust add-certificate), or enrol with a trust token`;
  return new IncusConnectionError('CLIENT_UNTRUSTED', address, why);
}
