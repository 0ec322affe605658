import * as z from 'zod';
import type { World } from '../world/world.ts';

/** What tells a configuration repository of a cutover from any other: it is in each, and names the host. */
const settingsFile = 'settings.json';
const settingsSchema = z.looseObject({ hostName: z.string() });

/**
 * Why the configuration repository, which is there, must not be written to: it has commits that this cutover did not make, or
 * the forge shows it to everyone. `undefined`: it is empty, or ours.
 */
export async function whyNotOurs(world: World, signal: AbortSignal): Promise<string | undefined> {
  const { settings, forge, configuration } = world;
  const unusable = await forge.whyUnusable?.(settings.repository, signal);
  if (unusable !== undefined) return unusable;
  if ((await configuration.head(signal)) === undefined) return undefined;
  const host = hostIn(await configuration.read(settingsFile, signal));
  if (host === settings.name) return undefined;
  const what = host === undefined ? 'commits that no cutover made' : `the configuration of ${host}`;
  return `${configuration.url} has ${what}; set repository to another name, or empty that one`;
}

function hostIn(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    const parsed = settingsSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data.hostName : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
