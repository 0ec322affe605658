import { type JsonApiAccess, jsonApi, saidIn } from '../../world/json-api.ts';
import { GiteaAnswerError, GiteaSilentError } from './errors.ts';

/** How a Gitea is reached. */
export interface GiteaAccess extends JsonApiAccess {
  /** Its address without `/api/v1`, e.g. `https://git.example.org`. */
  readonly url: string;
  /** Reads the token, at each call: it may be renewed while a run waits. It goes into a header and nowhere else. */
  token(signal: AbortSignal): Promise<string>;
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
export function giteaClient({ url, token, ...access }: GiteaAccess): GiteaClient {
  const api = jsonApi(access);
  const base = url.replace(/\/$/, '');
  return {
    url: base,
    async call({ method, path, body, expected = [], signal }) {
      const authorization = `token ${await token(signal)}`;
      const call = { url: `${base}/api/v1${path}`, method, authorization, body, signal };
      const answer = await api.call(call).catch((error: unknown) => {
        signal.throwIfAborted();
        throw new GiteaSilentError(base, error);
      });
      const { status } = answer;
      if ((status >= 200 && status < 300) || expected.includes(status)) return { status, body: answer.body };
      throw new GiteaAnswerError(base, { method, path, status, said: saidIn(answer.body, answer.text) });
    },
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  };
}
