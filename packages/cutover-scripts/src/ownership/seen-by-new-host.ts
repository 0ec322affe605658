import { FileNotFoundError } from '@cutover/host';
import type { SeenEpoch } from '@cutover/loops';
import * as z from 'zod';
import type { World } from '../world/world.ts';

const schema = z.object({ epoch: z.int().min(0), commit: z.string() });

/**
 * The highest epoch that the new host's supervisor saw; `undefined`: there is no new host, or it saw none.
 *
 * @throws {HostConnectionError} an instance is there and cannot be asked. That is not the same as none.
 */
export async function seenByNewHost(world: World, signal: AbortSignal): Promise<SeenEpoch | undefined> {
  const incus = await world.incus(signal);
  if (!(await incus.instances.exists(world.settings.name, { signal }))) return undefined;
  const target = await world.target(signal);
  try {
    const bytes = await target.readFile(`${world.rig.stateDir}/epoch.json`, { signal });
    return schema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (error) {
    if (error instanceof FileNotFoundError) return undefined;
    throw error;
  }
}
