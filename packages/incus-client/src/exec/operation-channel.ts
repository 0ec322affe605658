import type { Duplex } from 'node:stream';
import { IncusError } from '../errors.ts';
import type { Operation } from '../api/operation.ts';
import type { Scope } from '../scope.ts';
import { path } from '../api/path.ts';
import { type MessageSocket, messageSocket } from '../websocket/messages.ts';
import { openWebsocket } from '../websocket/open.ts';

/** Opens one of an operation's channels: `metadata.fds` holds a secret for each. */
export function openOperationChannel(
  scope: Scope,
  operation: Operation,
  channel: string,
  signal: AbortSignal | undefined,
): Promise<Duplex> {
  const secrets: unknown = operation.metadata?.['fds'];
  const secret: unknown =
    typeof secrets === 'object' && secrets !== null ? Reflect.get(secrets, channel) : undefined;
  if (typeof secret !== 'string')
    throw new IncusError('PROTOCOL_ERROR', `the operation ${operation.id} has no channel ${channel}`);
  return openWebsocket(
    scope.transport,
    scope.url(path`/1.0/operations/${operation.id}/websocket`, { secret }),
    signal,
  );
}

/** The socket over which signals and sizes go. Nothing comes over it but what shows that it is alive. */
export function controlSocket(scope: Scope, socket: Duplex, what: string): MessageSocket {
  return messageSocket(socket, { message: () => {}, closed: () => {} }, scope.transport, what);
}
