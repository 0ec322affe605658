import type { Host } from '@cutover/host';
import type { World } from '../world/world.ts';
import { joinTailnet } from './join.ts';
import type { TailnetNode } from './node-state.ts';
import { proxySocket } from './standing.ts';
import { type JoinKey, joinKey } from './tailnet-settings.ts';

/**
 * Joins the new host to the tailnet of the config, in the config's mode. A key that was made for it and not used is made useless.
 *
 * @param host the new host; it may be reached by way of Incus.
 * @throws {TailnetError} it has not joined.
 */
export async function joinByConfig(world: World, host: Host, signal: AbortSignal): Promise<TailnetNode> {
  const { name, tailnet, nixos } = world.settings;
  let key: JoinKey | undefined;
  try {
    return await joinTailnet(host, {
      name,
      socket: proxySocket(world.settings),
      loginServer: tailnet?.loginServer,
      // In user space a peer reaches every port of the loopback address.
      settings: nixos.proxy === undefined ? [] : [`--shields-up=${!nixos.proxy.openToTailnet}`],
      readKey: async () => {
        key = await joinKey(world, signal);
        return key.key;
      },
      signal,
    });
  } catch (error) {
    // Where that fails too, it expires by itself; what is to be told is why the join failed.
    await Promise.allSettled([key?.discard()]);
    throw error;
  }
}
