import type { Duplex } from 'node:stream';
import type { Operation } from '../operations/types.ts';
import type { Scope } from '../scope.ts';
import { openOperationChannel } from './operation-channel.ts';

/** The sockets of a command: its standard streams, one of them with a terminal, and the one that signals go over. */
export interface AttachedSockets {
  readonly standard: readonly Duplex[];
  readonly control: Duplex;
}

/**
 * Attaches all channels of an exec, or none. The daemon starts the command once its standard streams are attached, whether
 * control is or not, and a quick one would have ended before control arrives: so standard input comes last, and the others
 * before it at once. Two round trips, whatever the distance: a daemon's deadline for attaching (5 s in 6.0) would not do
 * for four in turn.
 */
export async function attachSockets(
  scope: Scope,
  operation: Operation,
  terminal: boolean,
  signal: AbortSignal | undefined,
): Promise<AttachedSockets> {
  const attach = (channel: string) => openOperationChannel(scope, operation, channel, signal);
  const [control, ...outputs] = await allOrNone((terminal ? ['control'] : ['control', '1', '2']).map(attach));
  const [input] = await allOrNone([attach('0')]).catch((error: unknown) => {
    for (const socket of [control, ...outputs]) socket?.destroy();
    throw error;
  });
  if (control === undefined || input === undefined)
    throw new TypeError('no socket for a channel that was asked for');
  return { standard: [input, ...outputs], control };
}

async function allOrNone(attempts: readonly Promise<Duplex>[]): Promise<Duplex[]> {
  const results = await Promise.allSettled(attempts);
  const sockets = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed === undefined) return sockets;
  // What nobody has is nobody's to close.
  for (const socket of sockets) socket.on('error', () => {}).destroy();
  throw failed.reason;
}
