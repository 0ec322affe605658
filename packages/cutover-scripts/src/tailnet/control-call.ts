import { once } from 'node:events';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
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
  const request = url.protocol === 'http:' ? requestHttp : requestHttps;
  const sent = request(url, {
    method,
    agent: false,
    signal: AbortSignal.any([signal, AbortSignal.timeout(20_000)]),
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(authority === undefined ? {} : { ca: authority }),
  });
  let status: number;
  let text = '';
  try {
    sent.end(body === undefined ? undefined : JSON.stringify(body));
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    status = answer.statusCode ?? 0;
    for await (const part of answer.setEncoding('utf8')) text += String(part);
  } catch (error) {
    signal.throwIfAborted();
    const why = error instanceof Error ? error.message : String(error);
    throw fail('control', `the control server ${url.host} does not answer: ${why}`, error);
  }
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
      `the control server ${url.host} refused ${method} ${url.pathname}: ${said(status, text)}`,
    );
  return { status, body: parse(text) };
}

function said(status: number, text: string): string {
  const body = parse(text);
  const message = typeof body === 'object' && body !== null && 'message' in body ? body.message : undefined;
  return `${status} ${typeof message === 'string' ? message : text.trim().slice(0, 200)}`.trim();
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
