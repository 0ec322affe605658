import type { Dispatcher } from 'undici';
import { asError } from './as-error.ts';
import type { RawReply } from './types.ts';

/** Sends a request and collects the whole reply: undici's dispatch, without the cost of a stream for each small reply. */
export function collectReply(
  dispatcher: Dispatcher,
  options: Dispatcher.DispatchOptions,
  signal: AbortSignal | undefined,
): Promise<RawReply> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason);
    let status = 0;
    let headers: RawReply['headers'] = {};
    let controller: Dispatcher.DispatchController | undefined;
    const chunks: Buffer[] = [];
    const abort = () => {
      controller?.abort(asError(signal?.reason));
      settle();
      reject(signal?.reason);
    };
    const settle = () => signal?.removeEventListener('abort', abort);
    signal?.addEventListener('abort', abort);
    dispatcher.dispatch(options, {
      onRequestStart(started) {
        controller = started;
        if (signal?.aborted === true) started.abort(asError(signal.reason));
      },
      onResponseStart(_controller, statusCode, replyHeaders) {
        status = statusCode;
        headers = replyHeaders;
      },
      onResponseData(_controller, chunk) {
        chunks.push(chunk);
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
}
