import type { Dispatcher } from 'undici';
import { asError } from './as-error.ts';
import type { RawReply } from './types.ts';

/** A request that is under way. */
export interface Collecting {
  readonly reply: Promise<RawReply>;
  /** Gives it up; `reply` rejects with `reason`. */
  abort(reason: unknown): void;
}

/**
 * Sends a request and collects the whole reply: undici's dispatch, without the cost of a stream for each small reply.
 *
 * @param progress - called when something comes.
 */
export function collectReply(
  dispatcher: Dispatcher,
  options: Dispatcher.DispatchOptions,
  signal: AbortSignal | undefined,
  progress: () => void,
): Collecting {
  let abort: Collecting['abort'] = () => {};
  const reply = new Promise<RawReply>((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason);
    let status = 0;
    let headers: RawReply['headers'] = {};
    let controller: Dispatcher.DispatchController | undefined;
    let given: { readonly reason: unknown } | undefined;
    const chunks: Buffer[] = [];
    const settle = () => signal?.removeEventListener('abort', abortBySignal);
    abort = (reason) => {
      given ??= { reason };
      controller?.abort(asError(reason));
      settle();
      reject(reason);
    };
    const abortBySignal = () => abort(signal?.reason);
    signal?.addEventListener('abort', abortBySignal);
    dispatcher.dispatch(options, {
      onRequestStart(started) {
        controller = started;
        if (given !== undefined) started.abort(asError(given.reason));
      },
      onResponseStart(_controller, statusCode, replyHeaders) {
        status = statusCode;
        headers = replyHeaders;
        progress();
      },
      onResponseData(_controller, chunk) {
        chunks.push(chunk);
        progress();
      },
      onResponseEnd() {
        settle();
        const [first] = chunks;
        resolve({
          status,
          headers,
          body: first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks),
        });
      },
      onResponseError(_controller, error) {
        settle();
        reject(error);
      },
    });
  });
  return { reply, abort };
}
