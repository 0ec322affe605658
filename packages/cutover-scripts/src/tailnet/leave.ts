import type { Host } from '@cutover/host';
import { instanceState, orGivenUp } from '../new-host/new-host-off.ts';
import type { World } from '../world/world.ts';
import { forgetNode, notedNode, noteNode, sharesAddress } from './known-node.ts';
import { type TailnetNode, tailnetNode, tailscale } from './node-state.ts';
import { proxySocket } from './standing.ts';
import { TailnetError } from './tailnet-error.ts';
import { tailnetApi } from './tailnet-settings.ts';

/**
 * Takes the new host out of its tailnet. With a token its node is removed, which frees its name, also where an earlier attempt has
 * logged it out only, or the instance is gone; without one it stays in the control server's list, logged out.
 */
export async function leaveTailnet(world: World, host: Host, signal: AbortSignal): Promise<void> {
  const socket = proxySocket(world.settings);
  const node = await ask(world, host, socket, signal);
  const known = await notedNode(world);
  const hasJoined = node !== undefined && node.state !== 'fresh' && node.state !== 'no-daemon';
  if (!hasJoined && known === undefined) return;
  const api = await tailnetApi(world, signal);
  const own = ((await api?.nodes(signal)) ?? []).filter(
    (one) =>
      (hasJoined && sharesAddress(one, node)) ||
      (known !== undefined && one.id === known.id && sharesAddress(one, known)),
  );
  if (hasJoined) {
    // From then on it does not know its addresses any more.
    for (const one of own) await noteNode(world, { id: one.id, addresses: [...one.addresses] });
    // In this order: a node that is removed while it runs joins once more by the key that it still has in memory, or stays half out.
    await host.run(tailscale(socket, 'logout'), { timeout: 30_000, signal });
  }
  for (const { id } of own) await api?.removeNode(id, signal);
  if (api !== undefined) await forgetNode(world);
}

/** The answer of a check of the node when its instance is stopped or deleted: the node is absent, and a rollback goes on. */
export async function withoutInstance(world: World, signal: AbortSignal) {
  if ((await instanceState(world, signal)) !== 'stopped') return undefined;
  return { state: 'absent' as const, evidence: { instance: 'stopped or gone' } };
}

/** `undefined`: its instance is stopped, or gone. */
async function ask(
  world: World,
  host: Host,
  socket: string | undefined,
  signal: AbortSignal,
): Promise<TailnetNode | undefined> {
  const asked = await orGivenUp(world, () => tailnetNode(host, { socket, signal }), signal);
  if ('answer' in asked) return asked.answer;
  if (asked.instance === 'stopped') return undefined;
  const { name } = world.settings;
  throw new TailnetError(
    'daemon',
    name,
    `${name} and its Incus server do not answer; repeat the rollback when they do`,
  );
}
