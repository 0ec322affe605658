import { type Duplex, Readable } from 'node:stream';
import { type Dispatcher, Pool, buildConnector } from 'undici';
import { IncusConnectionError } from '../errors.ts';
import { connectionError } from './connection-error.ts';
import { checkingConnector } from './checking-connector.ts';
import { collectReply } from './collect-reply.ts';
import { talkingConnector } from './talking-connector.ts';
import type { RawRequest, Transport, TransportOptions } from './types.ts';
import { translating } from './translating.ts';
import { unlimited } from './unlimited.ts';
import { upgrade } from './upgrade.ts';

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
