import type { Host } from '@cutover/host';
import type { World } from '../world/world.ts';
import { noteNode, sharesAddress } from './known-node.ts';
import { tailnetStanding, type TailnetStanding } from './standing.ts';
import { TailnetError } from './tailnet-error.ts';
import { tailnetApi } from './tailnet-settings.ts';

/**
 * Where the new host stands, by its own daemon; and by the control server, where the config has a token: a node that was removed
 * there while it ran takes itself for joined until it starts again.
 */
export async function newHostStanding(
  world: World,
  host: Host,
  options: { readonly patience: number; readonly signal: AbortSignal },
): Promise<TailnetStanding> {
  const standing = await tailnetStanding(world.settings, host, options);
  const { node, problem } = standing;
  if (problem !== undefined || world.settings.tailnet === undefined) return standing;
  try {
    const nodes = await (await tailnetApi(world, options.signal))?.nodes(options.signal);
    if (nodes === undefined) return standing;
    const listed = nodes.find((one) => sharesAddress(one, node));
    if (listed === undefined) return { node, problem: removed(host) };
    await noteNode(world, { id: listed.id, addresses: [...listed.addresses] });
    return standing;
  } catch (error) {
    if (error instanceof TailnetError) return { node, problem: error };
    throw error;
  }
}

function removed({ name }: Host): TailnetError {
  return new TailnetError(
    'key',
    name,
    `the node of ${name} was removed from the control server, although tailscaled there does not know it yet; ` +
      'run `tailscale logout` there and join with a new key',
  );
}
