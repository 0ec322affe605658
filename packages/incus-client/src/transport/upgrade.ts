import type { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';
import { asError } from './as-error.ts';
import { errorOfReply } from './reply.ts';

/**
 * Asks the server to switch protocols and resolves to the bare socket. `dispatch` rather than undici's `upgrade()`, which
 * loses the body of a refusal: there the daemon says why.
 */
export function upgrade(
  dispatcher: Dispatcher,
  path: string,
  protocol: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason);
    let controller: Dispatcher.DispatchController | undefined;
    let status = 0;
    let settled = false;
    const chunks: Buffer[] = [];
    const abort = () => {
      controller?.abort(asError(signal?.reason));
      fail(signal?.reason);
    };
    const settle = () => {
      settled = true;
      signal?.removeEventListener('abort', abort);
    };
    const fail = (reason: unknown) => {
      settle();
      reject(reason);
    };
    signal?.addEventListener('abort', abort);
    dispatcher.dispatch(
      { method: 'GET', path, headers: { ...headers }, upgrade: protocol },
      {
        onRequestStart(started) {
          controller = started;
          if (signal?.aborted === true) started.abort(asError(signal.reason));
        },
        onRequestUpgrade(_controller, _status, _headers, socket) {
          if (settled) {
            socket.destroy();
            return;
          }
          settle();
          resolve(socket);
        },
        onResponseStart(_controller, statusCode) {
          status = statusCode;
        },
        onResponseData(_controller, chunk) {
          chunks.push(chunk);
        },
        onResponseEnd() {
          fail(errorOfReply(status, Buffer.concat(chunks), 'GET', path));
        },
        onResponseError(_controller, error) {
          fail(error);
        },
      },
    );
  });
}
