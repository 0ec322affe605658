import { FileNotFoundError } from '@cutover/host';
import * as z from 'zod';
import type { World } from '../world/world.ts';

const schema = z.object({ epoch: z.int() });

/**
 * The highest epoch that the supervisor of the new host saw; 0: it saw none, or there is no new host.
 *
 * @throws {HostConnectionError} it could not be asked. That is not the same as none.
 */
export async function seenOnNewHost(world: World, signal: AbortSignal): Promise<number> {
  const incus = await world.incus(signal);
  if (!(await incus.instances.exists(world.settings.name, { signal }))) return 0;
  const target = await world.target(signal);
  try {
    const bytes = await target.readFile(`${world.rig.stateDir}/epoch.json`, { signal });
    return schema.parse(JSON.parse(new TextDecoder().decode(bytes))).epoch;
  } catch (error) {
    if (error instanceof FileNotFoundError) return 0;
    throw error;
  }
}
