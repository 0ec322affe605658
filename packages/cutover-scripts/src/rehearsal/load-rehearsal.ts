import type { Runbook } from '@cutover/runbook';
import { localHost } from '@cutover/host';
import { resolve } from 'node:path';
import { isUnsafe } from '../is-unsafe.ts';
import { withPerson } from '../forge/git/by-hand.ts';
import { loadConfigs } from '../config/load-all.ts';
import { preflight } from '../preflight/preflight.ts';
import { phases } from '../runbook.ts';
import { openWorld } from '../world/open-world.ts';
import type { World } from '../world/world.ts';
import { rehearsalSteps } from './rehearsal-steps.ts';
import { scratchBranch, scratchConfigs } from './scratch-configs.ts';

/**
 * Makes the runbook of a rehearsal from the config file of the cutover. Nothing is connected to yet.
 *
 * @param statePath the rehearsal's own state directory.
 * @throws {ConfigError} a config file cannot be used.
 */
export async function loadRehearsal(configPath: string, statePath: string): Promise<Runbook<World>> {
  const workDirectory = resolve(statePath, 'work');
  await using here = localHost();
  const { rig } = await loadConfigs(configPath, here);
  const world = await openWorld(configPath, workDirectory, {
    change: (configs) => scratchConfigs(configs, workDirectory),
    branch: scratchBranch,
  });
  const { settings } = world;
  return {
    name: `rehearsal of ${settings.old.name} → ${settings.name}`,
    phases,
    world,
    steps: withPerson(rehearsalSteps(rig), world),
    words: { owner: 'owner of the stand-ins', downtime: 'downtime of the stand-ins' },
    doctor: (signal) => preflight(world, signal),
    isUnsafe,
    notify: settings.notify,
    standIns: ['stand-ins run in place of the agents', ...settings.standIns],
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}
