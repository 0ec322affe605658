import { untilAborted } from '@cutover/foundation/until-aborted';

import type { CommandStream, Host } from './host.ts';
import type { SpawnCommand } from './transport.ts';

/**
 * Starts a command on another host, for the `spawn` of a host that stands on it: as another user, or by `sudo`. What is given
 * up while a connection is made for it does not start later.
 *
 * @throws {HostConnectionError} the host cannot be reached.
 * @throws {CommandRefusedError} the command cannot be started as it is.
 */
export async function spawnOn(host: Host, { argv, env, cwd, signal }: SpawnCommand): Promise<CommandStream> {
  const stream = host.stream(argv, { env, cwd });
  try {
    await untilAborted(signal, stream.started);
    return stream;
  } catch (error) {
    await stream[Symbol.asyncDispose]();
    throw error;
  }
}
