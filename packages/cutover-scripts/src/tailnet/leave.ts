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
  // First there, then here: when this is killed in between, the host still knows its addresses.
  const api = await tailnetApi(world, signal);
  if (api !== undefined) {
    const own = (await api.nodes(signal)).filter((node) =>
      node.addresses.some((address) => addresses.includes(address)),
    );
    for (const { id } of own) await api.removeNode(id, signal);
  }
  await host.run(tailscale(socket, 'logout'), { timeout: 30_000, signal });
}
