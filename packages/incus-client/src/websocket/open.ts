import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { Transport } from '../transport/types.ts';

/** Opens a websocket and resolves to its bare socket, on which frames go both ways. */
export function openWebsocket(transport: Transport, path: string, signal?: AbortSignal): Promise<Duplex> {
  return transport.upgrade(
    path,
    'websocket',
    { 'sec-websocket-version': '13', 'sec-websocket-key': randomBytes(16).toString('base64') },
    signal,
  );
}
