import type { Host } from '@cutover/host';

import type { Problem } from '../errors.ts';
import type { Settings } from '../options.ts';
import { lostWays, strands } from '../preflight/connection-units.ts';
import type { TargetFacts } from '../target/facts.ts';
import { asRoot, script } from '../target/script.ts';
import { type DryActivation, parseDryActivation } from './dry-activation.ts';
import { parseUnits, type UnitDifference, unitDifference } from './unit-difference.ts';
import unitsScript from './units.sh';

/** What becomes of units, and the units of the new system. */
export interface PlannedUnits extends UnitDifference {
  /** The units of the new system. */
  readonly after: readonly string[];
}

/** Reads the units of the system that runs, with those that are active, and of the new one. */
export async function plannedUnits(
  target: Host,
  builder: Host,
  facts: TargetFacts,
  system: string,
  signal: AbortSignal | undefined,
): Promise<PlannedUnits> {
  const read = async (host: Host, path: string, ...active: readonly string[]): Promise<string> =>
    (await host.run(script('units', unitsScript, path, ...active), { signal })).stdout;
  const [before, after] = await Promise.all([
    facts.currentSystem === undefined ? '' : read(target, facts.currentSystem, 'active'),
    read(builder, system),
  ]);
  const parsed = parseUnits(after);
  return { ...unitDifference(parseUnits(before), parsed), after: [...parsed.files.keys()] };
}

/** What `deploy` would refuse; it asks the target itself, at the last moment. */
export function strandedBy(units: PlannedUnits, { action, mayStop }: Settings): readonly Problem[] {
  const lost = action === 'boot' ? [] : lostWays(units.stopped, units.after, mayStop);
  return lost.length === 0 ? [] : [strands(lost)];
}

/** The new system's own word, which is cheap where that is on the target. */
export async function askDryActivate(
  host: Host,
  system: string,
  settings: Settings,
): Promise<DryActivation | undefined> {
  const argv = script('dry-activate', 'exec "$1/bin/switch-to-configuration" dry-activate 2>&1', system);
  const { signal } = settings;
  const { stdout } = await host.run(asRoot(argv, settings), { reject: false, timeout: 60_000, signal });
  return parseDryActivation(stdout);
}

/** The inhibitors of the new system that the booted one has not, or the other way around; none where either has no list. */
export async function changedInhibitors(
  target: Host,
  builder: Host,
  booted: string,
  system: string,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const read = async (host: Host, path: string): Promise<readonly string[] | undefined> => {
    const { exitCode, stdout } = await host.run(['cat', `${path}/switch-inhibitors`], {
      reject: false,
      signal,
    });
    return exitCode === 0 ? stdout.split('\n').filter((line) => line !== '') : undefined;
  };
  const [old, fresh] = await Promise.all([read(target, booted), read(builder, system)]);
  if (old === undefined || fresh === undefined) return [];
  return [...fresh.filter((line) => !old.includes(line)), ...old.filter((line) => !fresh.includes(line))];
}
