import type { Duplex } from 'node:stream';
import { IncusApiError } from '../errors.ts';
import type { Operation } from '../api/operation.ts';
import type { Scope } from '../scope.ts';
import { openOperationChannel } from './operation-channel.ts';

/** The sockets of a command: its standard streams, or the one of its terminal, and the one that signals go over. */
interface AttachedSockets {
  readonly standard: readonly Duplex[];
  /** `undefined`: the command had ended before it could be attached, so there is nothing left to signal. */
  readonly control: Duplex | undefined;
}

/**
 * Attaches all channels of an exec at once: one round trip, whatever the distance, where the daemon's deadline for
 * attaching (5 s in 6.0) would not do for four in turn. The daemon starts the command once its standard streams are
 * attached, whether control is or not; it refuses control to a command that was quick enough to have ended by then.
 */
export async function attachSockets(
  scope: Scope,
  operation: Operation,
  terminal: boolean,
  signal: AbortSignal | undefined,
): Promise<AttachedSockets> {
  const attach = (channel: string) => openOperationChannel(scope, operation, channel, signal);
  const controlling = attach('control').catch((error: unknown) => {
    if (error instanceof IncusApiError) return undefined;
    throw error;
  });
  const results = await Promise.allSettled([
    controlling,
    ...(terminal ? ['0'] : ['0', '1', '2']).map(attach),
  ]);
  const failed = results.find((result) => result.status === 'rejected');
  const [control, ...standard] = results.map((result) =>
    result.status === 'fulfilled' ? result.value : undefined,
  );
  const attached = standard.filter((socket) => socket !== undefined);
  if (failed === undefined) return { standard: attached, control };
  for (const socket of [control, ...attached]) socket?.on('error', () => {}).destroy();
  throw failed.reason;
}
