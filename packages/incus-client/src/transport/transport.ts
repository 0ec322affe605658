import { type Duplex, Readable } from 'node:stream';
import { type Dispatcher, Pool, buildConnector } from 'undici';
import { withoutSecret } from '../api/path.ts';
import { streamedBody } from './body.ts';
import { canConnect } from './can-connect.ts';
import { closedError } from './closed-error.ts';
import { connectionError } from './connection-error.ts';
import { checkingConnector } from './checking-connector.ts';
import { type Collecting, collectReply } from './collect-reply.ts';
import { proxiedConnector } from './proxied-connector.ts';
import { silenceWatch } from './silence.ts';
import { talkingConnector } from './talking-connector.ts';
import type { RawRequest, Transport, TransportOptions } from './types.ts';
import { translating } from './translating.ts';
import { markingConnector } from './unsent.ts';
import { unlimited } from './unlimited.ts';
import { upgrade } from './upgrade.ts';

/** The daemon closes an idle connection after 30 s (its http.Server's IdleTimeout); we let go before it does. */
const keepAliveTimeout = 20_000;

/** Milliseconds after which the kernel asks on a silent connection whether the other side is there. */
const keepAliveInitialDelay = 10_000;

/** Milliseconds of silence after which what is read is given up, even where the server can be reached by other connections. */
const readLimit = 55_000;
/** Milliseconds for a switch of protocols; the daemon gives up what is not attached after 5 to 10 s. */
const upgradeLimit = 25_000;

/** Opens no connection yet: the first request does. */
export function createTransport(options: TransportOptions): Transport {
  const server = options.socketPath === undefined ? options.origin : `unix:${options.socketPath}`;
  const { checkPeer, ...material } = options.tls ?? {};
  const timeout = options.connectTimeout ?? 10_000;
  const connector = buildConnector({
    timeout,
    ...(options.socketPath !== undefined && { socketPath: options.socketPath }),
    ...material,
    // The kernel then asks every second and gives a connection up after ten without an answer (libuv sets both).
    keepAliveInitialDelay,
    // A resumed session shows no certificate to check, so each connection shakes hands in full.
    ...(checkPeer !== undefined && { rejectUnauthorized: false, maxCachedSessions: 0 }),
  });
  /** Requests with a streamed body that are under way. */
  let streamed = 0;
  const dial = proxiedConnector(connector, options.proxy, timeout);
  const connect = markingConnector(checkPeer === undefined ? dial : checkingConnector(dial, checkPeer));
  const pool = new Pool(options.origin, {
    connect: talkingConnector(connect, () => streamed > 0),
    keepAliveTimeout,
    keepAliveMaxTimeout: keepAliveTimeout,
    // Long polls and long transfers: every wait here has its own signal, and silence is watched.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  // A daemon of this machine needs no probe: its socket tells of its end.
  const silence = silenceWatch(
    server,
    options.socketPath === undefined ? () => canConnect(connect, options.origin) : undefined,
  );
  const closing = new AbortController();
  unlimited(closing.signal);

  /** What undici sends, with a streamed body watched: `done` is to be called at the end. */
  const prepare = (request: RawRequest, progress: () => void) => {
    const body = request.body instanceof Readable ? streamedBody(request.body, progress) : undefined;
    if (body !== undefined) streamed += 1;
    return {
      options: {
        method: request.method,
        path: request.path,
        headers: { ...request.headers },
        body: body?.stream ?? request.body ?? null,
      } satisfies Dispatcher.RequestOptions,
      held: body?.waiting,
      /** What `error` is told as. */
      told: (error: unknown) => {
        const failure = request.signal?.aborted === true ? undefined : body?.failure();
        return failure === undefined ? connectionError(error, server, request) : failure.error;
      },
      done: () => {
        if (body !== undefined) streamed -= 1;
        body?.[Symbol.dispose]();
      },
    };
  };
  const watch = (request: RawRequest, held: (() => boolean) | undefined, dead: (error: Error) => void) =>
    silence.watch({
      what: `${request.method} ${withoutSecret(request.path)}`,
      limit: request.patience ?? defaultPatience(request),
      held,
      dead,
    });

  /** The sockets that have left the pool by an upgrade and are still open. */
  const upgraded = new Set<Duplex>();
  const closed = () => closedError(server);
  const refuseWhenClosed = () => {
    if (closing.signal.aborted) throw closed();
  };

  return {
    server,
    remote: options.socketPath === undefined,
    closed: closing.signal,
    async send(request) {
      unlimited(request.signal);
      const progress = () => watching.progress();
      const prepared = prepare(request, progress);
      let collecting: Collecting | undefined;
      using watching = watch(request, prepared.held, (error) => collecting?.abort(error));
      try {
        refuseWhenClosed();
        collecting = collectReply(pool, prepared.options, request.signal, progress);
        return await collecting.reply;
      } catch (error) {
        throw prepared.told(error);
      } finally {
        prepared.done();
      }
    },
    async sendForStream(request) {
      refuseWhenClosed();
      unlimited(request.signal);
      const giving = new AbortController();
      const { signal = giving.signal } = request;
      let body: Readable | undefined;
      const prepared = prepare(request, () => watching.progress());
      const watching = watch(
        request,
        () => prepared.held?.() === true || body?.isPaused() === true,
        (error) => giving.abort(error),
      );
      try {
        const reply = await pool.request({
          ...prepared.options,
          signal: signal === giving.signal ? signal : AbortSignal.any([signal, giving.signal]),
        });
        watching.progress();
        body = reply.body;
        body.on('data', () => watching.progress());
        body.once('close', () => watching[Symbol.dispose]());
        return {
          status: reply.statusCode,
          headers: reply.headers,
          body: translating(body, (error) => connectionError(error, server, request)),
        };
      } catch (error) {
        watching[Symbol.dispose]();
        throw prepared.told(error);
      } finally {
        prepared.done();
      }
    },
    async upgrade(path, protocol, headers, signal) {
      refuseWhenClosed();
      unlimited(signal);
      const request = { method: 'GET', path, signal, patience: upgradeLimit };
      const giving = new AbortController();
      using _watching = watch(request, undefined, (error) => giving.abort(error));
      try {
        const socket = await upgrade(
          pool,
          path,
          protocol,
          headers,
          signal === undefined ? giving.signal : AbortSignal.any([signal, giving.signal]),
        );
        upgraded.add(socket);
        socket.once('close', () => upgraded.delete(socket));
        if (closing.signal.aborted) socket.destroy(closed());
        return socket;
      } catch (error) {
        throw connectionError(error, server, request);
      }
    },
    watch: (watched) => silence.watch(watched),
    async [Symbol.asyncDispose]() {
      if (closing.signal.aborted) return;
      closing.abort(closed());
      silence[Symbol.dispose]();
      for (const socket of upgraded) socket.destroy(closed());
      await pool.destroy();
    },
  };
}

/** Waits of the daemon's own, and lists of all that hangs on instances, may take as long as they like. */
function defaultPatience({ method, path }: RawRequest): number | undefined {
  const reads = method === 'GET' || method === 'HEAD';
  return reads && !/\/wait(\?|$)|[?&]recursion=2/.test(path) ? readLimit : undefined;
}
