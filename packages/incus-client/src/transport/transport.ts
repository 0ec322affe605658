import { type Duplex, Readable } from 'node:stream';
import { type Dispatcher, Pool, buildConnector } from 'undici';
import { IncusConnectionError } from '../errors.ts';
import { connectionError } from './connection-error.ts';
import { type PeerCheck, checkingConnector } from './checking-connector.ts';
import { collectReply } from './collect-reply.ts';
import { talkingConnector } from './talking-connector.ts';
import { translating } from './translating.ts';
import { unlimited } from './unlimited.ts';
import { upgrade } from './upgrade.ts';

/** Where a server is and how to know it. */
export interface TransportOptions {
  /** `https://host:port`; with `socketPath`, any. */
  readonly origin: string;
  readonly socketPath?: string;
  readonly tls?: TlsMaterial;
  /** Milliseconds to dial and shake hands. Default 10 000. */
  readonly connectTimeout?: number;
}

export interface TlsMaterial {
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
  /** Called after the handshake, before any byte of HTTP; without it the certificate is verified by its chain and name. */
  readonly checkPeer?: PeerCheck;
}

export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | Readable | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface RawReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface RawStreamReply extends Omit<RawReply, 'body'> {
  /** Must be read to its end or destroyed. */
  readonly body: Readable;
}

/** One server, one pool of kept-alive connections; websockets and SFTP leave it by an upgrade. */
export interface Transport extends AsyncDisposable {
  /** `https://host:port` or `unix:/path`, for messages. */
  readonly server: string;
  send(request: RawRequest): Promise<RawReply>;
  sendForStream(request: RawRequest): Promise<RawStreamReply>;
  upgrade(
    path: string,
    protocol: string,
    headers: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<Duplex>;
  /** Aborted when the client is closed, with the error to tell. */
  readonly closed: AbortSignal;
}

/** The daemon closes an idle connection after 30 s (its http.Server's IdleTimeout); we let go before it does. */
const keepAliveTimeout = 20_000;

/** Opens no connection yet: the first request does. */
export function createTransport(options: TransportOptions): Transport {
  const server = options.socketPath === undefined ? options.origin : `unix:${options.socketPath}`;
  const { checkPeer, ...material } = options.tls ?? {};
  const connector = buildConnector({
    timeout: options.connectTimeout ?? 10_000,
    ...(options.socketPath !== undefined && { socketPath: options.socketPath }),
    ...material,
    // A resumed session shows no certificate to check, so each connection shakes hands in full.
    ...(checkPeer !== undefined && { rejectUnauthorized: false, maxCachedSessions: 0 }),
  });
  /** Requests with a streamed body that are under way. */
  let streamed = 0;
  const pool = new Pool(options.origin, {
    connect: talkingConnector(
      checkPeer === undefined ? connector : checkingConnector(connector, checkPeer),
      () => streamed > 0,
    ),
    keepAliveTimeout,
    keepAliveMaxTimeout: keepAliveTimeout,
    // Long polls and long transfers: every wait here has its own signal.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const closing = new AbortController();
  unlimited(closing.signal);

  const counted = async <T>({ body }: RawRequest, act: () => Promise<T>): Promise<T> => {
    const streams = body instanceof Readable ? 1 : 0;
    streamed += streams;
    try {
      return await act();
    } finally {
      streamed -= streams;
    }
  };

  const dispatchOptions = (request: RawRequest): Dispatcher.RequestOptions => ({
    method: request.method,
    path: request.path,
    headers: { ...request.headers },
    body: request.body ?? null,
  });

  /** The sockets that have left the pool by an upgrade and are still open. */
  const upgraded = new Set<Duplex>();
  const closed = () =>
    new IncusConnectionError('CONNECTION_LOST', server, `the client of ${server} is closed`);
  const refuseWhenClosed = () => {
    if (closing.signal.aborted) throw closed();
  };

  return {
    server,
    closed: closing.signal,
    async send(request) {
      refuseWhenClosed();
      unlimited(request.signal);
      try {
        return await counted(request, () => collectReply(pool, dispatchOptions(request), request.signal));
      } catch (error) {
        throw connectionError(error, server, request);
      }
    },
    async sendForStream(request) {
      refuseWhenClosed();
      unlimited(request.signal);
      try {
        const reply = await counted(request, () =>
          pool.request({ ...dispatchOptions(request), signal: request.signal ?? null }),
        );
        return {
          status: reply.statusCode,
          headers: reply.headers,
          body: translating(reply.body, (error) => connectionError(error, server, request)),
        };
      } catch (error) {
        throw connectionError(error, server, request);
      }
    },
    async upgrade(path, protocol, headers, signal) {
      refuseWhenClosed();
      try {
        const socket = await upgrade(pool, path, protocol, headers, signal);
        upgraded.add(socket);
        socket.once('close', () => upgraded.delete(socket));
        if (closing.signal.aborted) socket.destroy(closed());
        return socket;
      } catch (error) {
        throw connectionError(error, server, { method: 'GET', path, signal });
      }
    },
    async [Symbol.asyncDispose]() {
      if (closing.signal.aborted) return;
      closing.abort(closed());
      for (const socket of upgraded) socket.destroy(closed());
      await pool.destroy();
    },
  };
}
