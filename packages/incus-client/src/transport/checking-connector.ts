import { TLSSocket } from 'node:tls';
import type { buildConnector } from 'undici';

/** Gets the server's certificate (DER) and returns why it is refused, or `undefined`. */
export type PeerCheck = (certificate: Buffer) => Error | undefined;

/**
 * A connector that hands a TLS socket over only once `check` has passed its peer's certificate, so that no byte of HTTP
 * reaches a server that is not the pinned one. Requests and upgrades both dial through it.
 */
export function checkingConnector(
  connector: buildConnector.connector,
  check: PeerCheck,
): buildConnector.connector {
  return (options, callback) => {
    connector(options, (error, socket) => {
      if (error !== null) return callback(error, null);
      const refusal =
        socket instanceof TLSSocket ? refusalOf(socket, check) : new Error('the connection is not TLS');
      if (refusal === undefined) return callback(null, socket);
      socket.destroy();
      return callback(refusal, null);
    });
  };
}

function refusalOf(socket: TLSSocket, check: PeerCheck): Error | undefined {
  const certificate = socket.getPeerX509Certificate();
  return certificate === undefined ? new Error('the server showed no certificate') : check(certificate.raw);
}
