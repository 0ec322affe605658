import type { buildConnector } from 'undici';
import { asError } from './as-error.ts';
import { dialThrough } from '@cutover/foundation/proxy-dial';

/** A connector whose connections go through a proxy; the handshake with the server itself is done over them. */
export function proxiedConnector(
  connector: buildConnector.connector,
  proxy: URL | undefined,
  timeout: number,
): buildConnector.connector {
  if (proxy === undefined) return connector;
  return (options, callback) => {
    const to = { host: options.hostname.replaceAll(/[[\]]/g, ''), port: Number(options.port || 443) };
    dialThrough(proxy, to, timeout).then(
      (httpSocket) => connector({ ...options, httpSocket }, callback),
      (error: unknown) => callback(asError(error), null),
    );
  };
}
