import { jsonApi, saidIn, whySilent } from '../world/json-api.ts';
import { TailnetError } from './tailnet-error.ts';

/** Where a control server's API is, and who may use it. */
export interface ControlAccess {
  /** The address that paths are appended to, e.g. `https://headscale.example.org/api/v1/`. */
  readonly base: string;
  readonly token: string;
  /** PEM of the authority of its certificate, where this machine does not trust that already. */
  readonly authority?: string | undefined;
}

/** One call. `status` is 200, or one of `expected`. */
export interface ControlAnswer {
  readonly status: number;
  readonly body: unknown;
}

export interface ControlCall {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: object | undefined;
  /** Other statuses that are an answer, and no failure. */
  readonly expected?: readonly number[] | undefined;
  readonly signal: AbortSignal;
}

/**
 * Calls a control server's API. The token is in no message.
 *
 * @throws {TailnetError} it does not answer, does not take the token, or refuses.
 */
export async function callControl(
  { base, token, authority }: ControlAccess,
  { method, path, body, expected = [], signal }: ControlCall,
): Promise<ControlAnswer> {
  const url = new URL(path, base);
  const fail = (problem: TailnetError['problem'], message: string, cause?: unknown): TailnetError =>
    new TailnetError(problem, url.host, message, { cause });
  await using api = jsonApi({ certificate: authority });
  const call = { url, method, authorization: `Bearer ${token}`, body, signal };
  const answer = await api.call(call).catch((error: unknown) => {
    signal.throwIfAborted();
    throw fail('control', `the control server ${url.host} does not answer: ${whySilent(error)}`, error);
  });
  const { status } = answer;
  if (status === 401 || status === 403) {
    throw fail(
      'token',
      `the control server ${url.host} does not accept the token for ${method} ${url.pathname} (${status}); ` +
        'make a new one, and let it read and write auth keys and nodes',
    );
  }
  if (status !== 200 && !expected.includes(status))
    throw fail(
      'control',
      `the control server ${url.host} refused ${method} ${url.pathname}: ${status} ${saidIn(answer.body, answer.text)}`,
    );
  return { status, body: answer.body };
}
