import { type Host, HostConnectionError } from '@cutover/host';
import type { World } from '../world/world.ts';

/**
 * A new connection to the new host, for what tries again when there is none: its address and its host keys come from the Incus
 * server, which has neither while the instance boots, and which a proxy may not reach for a moment.
 *
 * @throws {HostConnectionError} it cannot be reached now, for whatever reason.
 */
export async function reachNewHost(world: World, signal: AbortSignal): Promise<Host> {
  try {
    return await world.freshTarget(signal);
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof HostConnectionError) throw cause;
    const { name } = world.settings;
    throw new HostConnectionError('CONNECTION_FAILED', name, `${name} does not answer yet`, { cause });
  }
}
