import { HostError } from '@cutover/host';
import { rigConfigFile } from '../rig/rig.ts';
import type { World } from '../world/world.ts';

/**
 * Has the new host's supervisor look for the grant several times a second, so that the downtime does not include its own round of 30 s.
 * One that cannot be told sees the grant a little later.
 */
export async function expectGrant(world: World, signal: AbortSignal): Promise<void> {
  try {
    const user = await world.targetRig(signal);
    await user.run(['loops', 'ownership', 'expect', '--config', rigConfigFile(world.rig.rig)], {
      reject: false,
      signal,
    });
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
  }
}
