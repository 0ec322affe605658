import { CommandTimeoutError, type Host } from '@cutover/host';

import type { Problem } from '../errors.ts';
import type { Settings } from '../options.ts';
import { lostWays, strands } from '../preflight/connection-units.ts';
import type { TargetFacts } from '../target/facts.ts';
import { asRoot, script } from '../target/script.ts';
import { type DryActivation, parseDryActivation } from './dry-activation.ts';
import { fileSystemDifference } from './file-systems.ts';
import {
  parseUnits,
  type UnitDifference,
  unitDifference,
  type UnitsOfSystem,
  userUnitDifferences,
} from './unit-difference.ts';
import unitsScript from './units.sh';

/** What becomes of units, of users' units and of file systems, and the units of the new system. */
export interface PlannedUnits extends UnitDifference {
  /** The units of the new system. */
  readonly after: readonly string[];
  readonly users: readonly UserUnits[];
  readonly swapsOff: readonly string[];
}

/** What becomes of the units of one user, whose manager runs. */
export interface UserUnits extends UnitDifference {
  readonly user: string;
}

/** Reads the units of the system that runs, with those that are active, and of the new one. */
export async function plannedUnits(
  target: Host,
  builder: Host,
  facts: TargetFacts,
  system: string,
  settings: Settings,
): Promise<PlannedUnits> {
  const { signal } = settings;
  // On the target as root: another user sees the managers of no other users.
  const read = async (host: Host, path: string, ...active: readonly string[]): Promise<string> => {
    const argv = script('units', unitsScript, path, ...active);
    return (await host.run(active.length > 0 ? asRoot(argv, settings) : argv, { signal })).stdout;
  };
  const [before, after] = (
    await Promise.all([
      facts.currentSystem === undefined ? '' : read(target, facts.currentSystem, 'active'),
      read(builder, system),
    ])
  ).map(parseUnits);
  if (before === undefined || after === undefined) throw new TypeError('two systems were read');
  return { ...compareSystems(before, after), after: [...after.files.keys()] };
}

/** Units of mounts are among the others, as in what a dry activation says. */
export function compareSystems(before: UnitsOfSystem, after: UnitsOfSystem): Omit<PlannedUnits, 'after'> {
  const units = unitDifference(before, after);
  const mounts = fileSystemDifference(before.fileSystems, after.fileSystems);
  return {
    ...units,
    stopped: [...units.stopped, ...mounts.stopped].sort(),
    restarted: [...units.restarted, ...mounts.restarted].sort(),
    reloaded: [...units.reloaded, ...mounts.reloaded].sort(),
    left: [...units.left, ...mounts.left].sort(),
    users: userUnitDifferences(before, after),
    swapsOff: mounts.swapsOff,
  };
}

/** What `deploy` would refuse; it asks the target itself, at the last moment. */
export function strandedBy(units: PlannedUnits, { action, mayStop }: Settings): readonly Problem[] {
  const lost = action === 'boot' ? [] : lostWays(units.stopped, units.after, mayStop);
  return lost.length === 0 ? [] : [strands(lost)];
}

/** The new system's own word, which is cheap where that is on the target; `undefined` where it says nothing within a minute. */
export async function askDryActivate(
  host: Host,
  system: string,
  settings: Settings,
): Promise<DryActivation | undefined> {
  const argv = script('dry-activate', 'exec "$1/bin/switch-to-configuration" dry-activate 2>&1', system);
  const { signal } = settings;
  try {
    const { stdout } = await host.run(asRoot(argv, settings), { reject: false, timeout: 60_000, signal });
    return parseDryActivation(stdout);
  } catch (error) {
    if (error instanceof CommandTimeoutError) return undefined;
    throw error;
  }
}
