import type { buildConnector } from 'undici';

/** Whether a new connection to `origin` can be made now, its handshake included. */
export function canConnect(connector: buildConnector.connector, origin: string): Promise<boolean> {
  const { hostname, host, protocol, port } = new URL(origin);
  return new Promise((resolve) => {
    connector({ hostname, host, protocol, port }, (error, socket) => {
      socket?.destroy();
      resolve(error === null);
    });
  });
}
