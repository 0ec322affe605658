import { Agent, buildConnector, request } from 'undici';
import { dialThrough } from '@cutover/foundation/proxy-dial';
import { GiteaAnswerError, GiteaSilentError } from './errors.ts';

/** Milliseconds that one call may take, its connection included. */
const patience = 20_000;

/** How a Gitea is reached. */
export interface GiteaAccess {
  /** Its address without `/api/v1`, e.g. `https://git.example.org`. */
  readonly url: string;
  /** Reads the token, at each call: it may be renewed while a run waits. It goes into a header and nowhere else. */
  token(signal: AbortSignal): Promise<string>;
  /** What its certificate is verified by (PEM). Default: what this machine trusts. */
  readonly certificate?: string | undefined;
  /** `socks5://HOST:PORT`. */
  readonly proxy?: URL | undefined;
}

/** One call below `/api/v1`. */
export interface GiteaCall {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: object | undefined;
  /** Statuses beside those from 200 to 299 that are an answer and no error. */
  readonly expected?: readonly number[] | undefined;
  readonly signal: AbortSignal;
}

/** What it answered: `body` is JSON, parsed, or `undefined` where there is none. */
export interface GiteaReply {
  readonly status: number;
  readonly body: unknown;
}

/** The API of one Gitea over verified TLS; the connections are kept until it is disposed of. */
export interface GiteaClient extends AsyncDisposable {
  readonly url: string;
  /**
   * @throws {GiteaSilentError} no answer came in time.
   * @throws {GiteaAnswerError} it answered with a status that is not expected.
   */
  call(call: GiteaCall): Promise<GiteaReply>;
}

/** Nothing is connected to before the first call. */
export function giteaClient({ url, token, certificate, proxy }: GiteaAccess): GiteaClient {
  const direct = buildConnector({
    ...(certificate === undefined ? {} : { ca: certificate }),
    timeout: patience,
  });
  const agent = new Agent({ connect: proxy === undefined ? direct : through(proxy, direct) });
  const base = url.replace(/\/$/, '');
  return {
    url: base,
    async call({ method, path, body, expected = [], signal }) {
      const authorization = `token ${await token(signal)}`;
      let status: number;
      let text: string;
      try {
        const reply = await request(`${base}/api/v1${path}`, {
          method,
          dispatcher: agent,
          headers: { authorization, accept: 'application/json', 'content-type': 'application/json' },
          body: body === undefined ? null : JSON.stringify(body),
          signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]),
        });
        status = reply.statusCode;
        text = await reply.body.text();
      } catch (error) {
        signal.throwIfAborted();
        throw new GiteaSilentError(base, error);
      }
      const parsed = parse(text);
      if ((status >= 200 && status < 300) || expected.includes(status)) return { status, body: parsed };
      throw new GiteaAnswerError(base, { method, path, status, said: saidIn(parsed, text) });
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
}

/** What it says of itself why it refuses. */
export function saidIn(body: unknown, text = ''): string {
  const message = typeof body === 'object' && body !== null && 'message' in body ? body.message : undefined;
  return (typeof message === 'string' ? message : text).trim().split('\n')[0]?.slice(0, 300) ?? '';
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
