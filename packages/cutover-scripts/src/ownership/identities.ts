import type { Host } from '@cutover/host';
import { on } from '@cutover/host/zx';
import type { Attestation } from '@cutover/loops';
import type { World } from '../world/world.ts';

/**
 * Which two machines the loops are moved between; none of it changes by itself.
 *
 * @param off a person's word that the old host is off, where it cannot be asked.
 */
export async function identities(
  world: World,
  off: Attestation | undefined,
  signal: AbortSignal,
): Promise<{ readonly old: string; readonly new: string }> {
  const [old, target] = await Promise.all([
    off === undefined
      ? identity(world.old, signal)
      : `${off.host}, which ${off.by} attests to be off (${off.how})`,
    world.target(signal).then((host) => identity(host, signal)),
  ]);
  return { old, new: target };
}

async function identity(host: Host, signal: AbortSignal): Promise<string> {
  const $ = on(host, { shell: 'sh' })({ signal });
  return (await $`uname -n; cat /etc/machine-id 2>/dev/null || :`.lines()).join(' ');
}
