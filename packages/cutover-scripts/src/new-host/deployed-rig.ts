import { FileNotFoundError, type Host } from '@cutover/host';
import { defaultOwnershipRef } from '@cutover/loops';
import { parseDocument } from 'yaml';
import * as z from 'zod';
import { rigConfigFile } from '../rig/rig.ts';
import type { World } from '../world/world.ts';

/** What counts of a deployed `loops.yaml` before its supervisor is started. */
const schema = z.object({
  ownership: z.object({
    owner: z.string(),
    remote: z.string(),
    ref: z.string().default(defaultOwnershipRef),
  }),
});

/**
 * Why the supervisor that is deployed on the new host would start loops that it was not granted; `undefined`: it asks for
 * the grant. The file here may have been edited since it was deployed, so the one there is read.
 */
export async function whyNotHeld(
  world: Pick<World, 'settings' | 'rig' | 'forge'>,
  target: Host,
  signal: AbortSignal,
): Promise<string | undefined> {
  const path = rigConfigFile(world.rig.rig);
  const text = await readIfThere(target, path, signal);
  if (text === undefined) return `${path} is not on ${target.name}; deploy it`;
  const wrong = otherOwnership(text, world);
  return wrong.length === 0
    ? undefined
    : `in ${path} on ${target.name}, ${wrong.join(', ')}: its loops would not wait for the grant; deploy loops.yaml again`;
}

/** Where a `loops.yaml` asks another place who owns the loops than this cutover writes to, or for another host. */
export function otherOwnership(
  text: string,
  { settings, forge }: Pick<World, 'settings' | 'forge'>,
): string[] {
  const wanted = {
    owner: settings.name,
    remote: forge.url(settings.ownership.repository),
    ref: settings.ownership.ref,
  };
  const document = parseDocument(text);
  const found = document.errors.length > 0 ? undefined : schema.safeParse(document.toJS()).data?.ownership;
  return (['owner', 'remote', 'ref'] as const)
    .filter((key) => found?.[key] !== wanted[key])
    .map((key) => `ownership.${key} is ${found?.[key] ?? 'not there'} and not ${wanted[key]}`);
}

async function readIfThere(host: Host, path: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    return new TextDecoder().decode(await host.readFile(path, { signal }));
  } catch (error) {
    if (error instanceof FileNotFoundError) return undefined;
    throw error;
  }
}
