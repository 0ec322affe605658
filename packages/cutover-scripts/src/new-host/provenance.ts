import { readFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { certificateFingerprint, type IncusClient, type Instance } from '@cutover/incus-client';
import { z } from 'zod';
import type { World } from '../world/world.ts';
import { terraformInstance } from './terraform-instance.ts';

/** Where an instance came from; it stands on the instance itself, and in the configuration repository. */
export type Provenance = Readonly<z.infer<typeof provenance>>;

const provenance = z.object({
  run: z.string(),
  image: z.string(),
  fingerprint: z.string().nullable(),
  operation: z.string().nullable(),
  certificate: z.string(),
  by: z.string(),
  created: z.string(),
});

const keys = { provenance: 'user.cutover.provenance', operation: 'user.cutover.operation' };

/** The operation ends with the daemon's memory of it, so it is written down at once. */
export async function noteOperation(
  incus: IncusClient,
  name: string,
  operation: string,
  signal: AbortSignal,
): Promise<void> {
  await incus.instances.patch(name, { config: { [keys.operation]: operation } }, { signal });
}

export async function noteProvenance(world: World, run: string, signal: AbortSignal): Promise<void> {
  const { name, instance, incus: server } = world.settings;
  const incus = await world.incus(signal);
  const { config, created_at: created } = await incus.instances.get(name, { signal });
  const record: Provenance = {
    run,
    image: instance.image,
    fingerprint: config['volatile.base_image'] ?? null,
    operation: config[keys.operation] ?? null,
    certificate: certificateFingerprint(await readFile(server.certificate, 'utf8')),
    by: `${userInfo().username}@${hostname()}`,
    created,
  };
  await incus.instances.patch(name, { config: { [keys.provenance]: JSON.stringify(record) } }, { signal });
}

/** What is on record of an instance; `undefined` when nothing is, or something else than ours. */
export function provenanceOf({ config }: Pick<Instance, 'config'>): Provenance | undefined {
  try {
    return provenance.parse(JSON.parse(config[keys.provenance] ?? ''));
  } catch {
    return undefined;
  }
}

/** The record as files of the configuration repository: for people, and for Terraform, which may adopt the instance by it. */
export async function provenanceFiles(world: World, signal: AbortSignal): Promise<Map<string, string>> {
  const incus = await world.incus(signal);
  const instance = await incus.instances.get(world.settings.name, { signal });
  const found = provenanceOf(instance);
  return new Map([
    ['provenance/instance.json', `${JSON.stringify({ name: instance.name, ...found }, undefined, 2)}\n`],
    ['provenance/instance.tf', terraformInstance(instance, world.settings.instance.image)],
  ]);
}
