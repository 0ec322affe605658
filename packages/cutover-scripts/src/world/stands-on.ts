import { findRigProcesses } from '@cutover/loops/safe-point';
import { IncusApiError } from '@cutover/incus-client';
import { describeOwnership } from '@cutover/loops';
import type { WorldFacts } from '@cutover/runbook';
import { readOwner } from '../ownership/ownership.ts';
import { oldProcessesForRoot } from '../rig/rig.ts';
import type { World } from './world.ts';

/** What a reviewed plan of a cutover stands on: what a person or another program changes, and the rig's own work does not. */
export async function standsOn(world: World, signal: AbortSignal): Promise<WorldFacts> {
  const { settings } = world;
  const [owner, instance, image, rig] = await Promise.all([
    readOwner(world, signal),
    instanceOf(world, signal),
    imageOf(world, signal),
    findRigProcesses(world.old, oldProcessesForRoot(settings), signal),
  ]);
  return {
    'owner of the loops': describeOwnership(owner),
    [`instance ${settings.name}`]: instance,
    [`image ${settings.instance.image}`]: image,
    [`rig on ${settings.old.name}`]: rig.processes.length + rig.sessions.length > 0 ? 'runs' : 'is down',
  };
}

async function instanceOf(world: World, signal: AbortSignal): Promise<string> {
  const { instances } = await world.incus(signal);
  const { name } = world.settings;
  if (!(await instances.exists(name, { signal }))) return 'is not there';
  return `of ${(await instances.get(name, { signal })).created_at}`;
}

async function imageOf(world: World, signal: AbortSignal): Promise<string> {
  const { images } = await world.incus(signal);
  try {
    return (await images.getAlias(world.settings.instance.image, { signal })).target;
  } catch (error) {
    if (error instanceof IncusApiError && error.status === 404) return 'is not there';
    throw error;
  }
}
