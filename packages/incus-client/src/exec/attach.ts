import type { Duplex } from 'node:stream';
import { untilAborted } from '@cutover/foundation/until-aborted';
import type { Operation } from '../api/operation.ts';
import type { Scope } from '../scope.ts';
import { openOperationChannel } from './operation-channel.ts';

/** The sockets of a command: its standard streams, or the one of its terminal, and the one that signals go over. */
interface AttachedSockets {
  readonly standard: readonly Duplex[];
  readonly control: Duplex;
}

/**
 * Attaches all channels of an exec: two round trips, whatever the distance, where the daemon's deadline for attaching (5 s in
 * 6.0) would not do for four in turn. The daemon starts the command once its standard streams are attached, so the last of
 * them waits for control: were that attached just when a quick command ends, the daemon (6.0.4) would wait for ever for the
 * end of a socket that it does not close.
 *
 * @param signal - gives up before the standard streams are attached, and not later: control is what ends the command then.
 */
export async function attachSockets(
  scope: Scope,
  operation: Operation,
  terminal: boolean,
  signal: AbortSignal | undefined,
): Promise<AttachedSockets> {
  // Where one cannot be attached, the others are not waited for.
  const giving = new AbortController();
  const either = signal === undefined ? giving.signal : AbortSignal.any([signal, giving.signal]);
  const attaching = openOperationChannel(scope, operation, 'control', undefined);
  const channels = terminal ? ['0'] : ['0', '1', '2'];
  const results = await Promise.allSettled(
    channels.map(async (channel) => {
      try {
        if (channel === channels.at(-1)) await untilAborted(either, attaching);
        return await openOperationChannel(scope, operation, channel, either);
      } catch (error) {
        giving.abort(error);
        throw error;
      }
    }),
  );
  const standard = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  if (!giving.signal.aborted) return { standard, control: await attaching };
  for (const socket of standard) discard(socket);
  attaching.then(discard, () => {});
  throw giving.signal.reason;
}

function discard(socket: Duplex): void {
  socket.on('error', () => {}).destroy();
}
