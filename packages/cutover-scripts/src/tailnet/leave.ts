import type { Host } from '@cutover/host';
import type { World } from '../world/world.ts';
import { tailnetNode, tailscale } from './node-state.ts';
import { proxySocket } from './standing.ts';
import { tailnetApi } from './tailnet-settings.ts';

/**
 * Takes the new host out of its tailnet. With a token its node is removed, which frees its name; without one it stays in the
 * control server's list, logged out.
 */
export async function leaveTailnet(world: World, host: Host, signal: AbortSignal): Promise<void> {
  const socket = proxySocket(world.settings);
  const { state, addresses } = await tailnetNode(host, { socket, signal });
  if (state === 'fresh' || state === 'no-daemon') return;
  const api = await tailnetApi(world, signal);
  const own = (await api?.nodes(signal))?.filter((node) =>
    node.addresses.some((address) => addresses.includes(address)),
  );
  // In this order: a node that is removed while it runs joins once more by the key that it still has in memory, or stays half out.
  await host.run(tailscale(socket, 'logout'), { timeout: 30_000, signal });
  for (const { id } of own ?? []) await api?.removeNode(id, signal);
}
