import { Agent, buildConnector, request } from 'undici';
import { dialThrough } from '@cutover/foundation/proxy-dial';

/** Milliseconds that one call may take, its connection included. */
const patience = 20_000;

/** How an API is reached. */
export interface JsonApiAccess {
  /** What its certificate is verified by (PEM). Default: what this machine trusts. */
  readonly certificate?: string | undefined;
  /** `socks5://HOST:PORT`. */
  readonly proxy?: URL | undefined;
}

/** One call. `body` is sent as JSON. */
export interface JsonCall {
  readonly url: string | URL;
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** The header of that name: it holds the token, which goes nowhere else. */
  readonly authorization: string;
  readonly body?: object | undefined;
  readonly signal: AbortSignal;
}

/** An answer of any status. `body` is `undefined` where the text is not JSON. */
export interface JsonAnswer {
  readonly status: number;
  readonly text: string;
  readonly body: unknown;
}

/** A client of JSON over HTTP; the connections are kept until it is disposed of. */
export interface JsonApi extends AsyncDisposable {
  /** Rejects when no answer comes within 20 s: why is the error's, see `whySilent`. */
  call(call: JsonCall): Promise<JsonAnswer>;
}

/** Nothing is connected to before the first call. */
export function jsonApi({ certificate, proxy }: JsonApiAccess): JsonApi {
  const direct = buildConnector({
    // Also where NODE_TLS_REJECT_UNAUTHORIZED turns that off for all of this program: the token goes to no other server.
    rejectUnauthorized: true,
    ...(certificate === undefined ? {} : { ca: certificate }),
    timeout: patience,
  });
  const agent = new Agent({ connect: proxy === undefined ? direct : through(proxy, direct) });
  return {
    async call({ url, method, authorization, body, signal }) {
      const reply = await request(url, {
        method,
        dispatcher: agent,
        headers: { authorization, accept: 'application/json', 'content-type': 'application/json' },
        body: body === undefined ? null : JSON.stringify(body),
        signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]),
      });
      const text = await reply.body.text();
      return { status: reply.statusCode, text, body: parse(text) };
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
}

/** What an API says of itself why it refuses: its `message`, or the first line of the text. */
export function saidIn(body: unknown, text = ''): string {
  const message = typeof body === 'object' && body !== null && 'message' in body ? body.message : undefined;
  return (typeof message === 'string' ? message : text).trim().split('\n')[0]?.slice(0, 300) ?? '';
}

/** Why no answer came: the innermost cause knows best. */
export function whySilent(error: unknown): string {
  let reason = String(error);
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause.message !== '') reason = cause.message;
    // Several addresses of one name were tried.
    if (cause instanceof AggregateError && cause.errors.length > 0) return whySilent(cause.errors[0]);
  }
  return reason;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Connections that a proxy makes; the handshake with the server itself is done over them. */
function through(proxy: URL, connector: buildConnector.connector): buildConnector.connector {
  return (options, callback) => {
    const to = { host: options.hostname.replaceAll(/[[\]]/g, ''), port: Number(options.port || 443) };
    dialThrough(proxy, to, patience).then(
      (httpSocket) => connector({ ...options, httpSocket }, callback),
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), null),
    );
  };
}
