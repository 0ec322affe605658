import { appendFile, mkdir } from 'node:fs/promises';
import type { Manifest } from './manifest.ts';
import { systemctlOf } from './systemctl.ts';

/** The units that have to take up what changed. */
export interface UnitChanges {
  readonly restarted: readonly string[];
  readonly reloaded: readonly string[];
}

/** The units of the secrets and templates that changed; one that is restarted is not reloaded as well. */
export function unitsOf(manifest: Manifest, touched: ReadonlySet<string>): UnitChanges {
  const items = [
    ...manifest.secrets.filter(({ name }) => touched.has(name)),
    ...manifest.templates.filter(({ name }) => touched.has(`rendered/${name}`)),
  ];
  const restarted = [...new Set(items.flatMap((item) => item.restartUnits))];
  const reloaded = [...new Set(items.flatMap((item) => item.reloadUnits))].filter(
    (unit) => !restarted.includes(unit),
  );
  return { restarted, reloaded };
}

/** How units were told. */
export interface Notified extends UnitChanges {
  /** They are told after this, and whether they come up is not seen: they start only after the service that runs this. */
  readonly queued: boolean;
}

/**
 * Restarts and reloads units that run: by systemd, or on NixOS by the lists that its switch reads.
 *
 * @param userMode - by the user's own manager.
 * @throws {UnitsError} when one does not come up, or does not reload.
 */
export async function notifyUnits(units: UnitChanges, userMode: boolean): Promise<Notified> {
  const { restarted, reloaded } = units;
  if (process.env['NIXOS_ACTION'] !== undefined) {
    await listForSwitch('activation', units);
    return { ...units, queued: false };
  }
  const systemctl = systemctlOf(userMode);
  const running = await systemctl.running([...restarted, ...reloaded]);
  const queued = await systemctl.startAfterUs(running);
  const told = { restarted: [] as readonly string[], reloaded: [] as readonly string[] };
  try {
    told.restarted = restarted.filter((unit) => running.includes(unit));
    await systemctl.tell('try-restart', restarted, queued);
    told.reloaded = reloaded.filter((unit) => running.includes(unit));
    await systemctl.tell('try-reload-or-restart', reloaded, queued);
  } catch (error) {
    const all = [...told.restarted, ...told.reloaded];
    const still = await systemctl.running(all);
    const down = all.filter((unit) => !still.includes(unit));
    // One that could not reload runs on, and so may one that systemd is starting again.
    throw new UnitsError(told, down.length === 0 ? all : down, error);
  }
  return { ...units, queued };
}

/** A unit did not come up with the new secrets. */
export class UnitsError extends Error {
  override readonly name = 'UnitsError';
  /** Those that ran and were told. */
  readonly told: UnitChanges;
  /** Those of them that did not take up their secrets, as far as systemd says. */
  readonly failed: readonly string[];

  constructor(told: UnitChanges, failed: readonly string[], cause: unknown) {
    super(`${failed.join(', ')} did not take up its new secrets`, { cause });
    this.told = told;
    this.failed = failed;
  }
}

/**
 * Has units that ran before run again, with the secrets they had.
 *
 * @returns those that do not run even so.
 */
export async function bringBack(
  { restarted, reloaded }: UnitChanges,
  userMode: boolean,
): Promise<readonly string[]> {
  const systemctl = systemctlOf(userMode);
  for (const [verb, units] of [
    // One that failed again and again with the new secret is at its start limit and would not be started once more.
    ['reset-failed', restarted],
    ['restart', restarted],
    ['reload-or-restart', reloaded],
  ] as const) {
    try {
      await systemctl.tell(verb, units, false);
    } catch {
      // Which ones did not come up is asked below; one exit code for all of them does not say.
    }
  }
  const running = await systemctl.running([...restarted, ...reloaded]);
  return [...restarted, ...reloaded].filter((unit) => !running.includes(unit));
}

/** What `switch-to-configuration` of NixOS reads: the units it is to restart and reload, or says it would. */
export async function listForSwitch(
  list: 'activation' | 'dry-activation',
  { restarted, reloaded }: UnitChanges,
): Promise<void> {
  if (restarted.length + reloaded.length > 0) await mkdir('/run/nixos', { recursive: true });
  await appendList(`/run/nixos/${list}-restart-list`, restarted);
  await appendList(`/run/nixos/${list}-reload-list`, reloaded);
}

async function appendList(path: string, units: readonly string[]): Promise<void> {
  if (units.length > 0) await appendFile(path, units.map((unit) => `${unit}\n`).join(''), { mode: 0o600 });
}
