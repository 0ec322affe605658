import { connect, type Socket } from 'node:net';
import { once } from 'node:events';

import type { Socks5Proxy } from './options.ts';

/** Opens a TCP connection; `signal` ends the attempt. */
export async function dial(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  const socket = connect({ host, port, noDelay: true });
  try {
    await once(socket, 'connect', { signal });
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** The same through a SOCKS5 proxy, which resolves `host`. */
export async function dialThroughSocks5(
  proxy: Socks5Proxy,
  host: string,
  port: number,
  signal: AbortSignal,
): Promise<Socket> {
  const { SocksClient } = await import('socks');
  const existing = await dial(proxy.host, proxy.port ?? 1080, signal);
  const giveUp = (): void => void existing.destroy();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    const { socket } = await SocksClient.createConnection({
      command: 'connect',
      existing_socket: existing,
      destination: { host, port },
      proxy: {
        type: 5,
        host: proxy.host,
        port: proxy.port ?? 1080,
        ...(proxy.user !== undefined && { userId: proxy.user }),
        ...(proxy.password !== undefined && { password: proxy.password }),
      },
    });
    return socket;
  } catch (error) {
    existing.destroy();
    throw error;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
