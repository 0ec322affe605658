import { execFile } from 'node:child_process';
import { appendFile, mkdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Manifest } from './manifest.ts';

const run = promisify(execFile);

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

/**
 * Restarts and reloads units that run: by systemd, or on NixOS by the lists that its switch reads.
 *
 * @throws {UnitsError} when one does not come up; it says which ran before.
 */
export async function notifyUnits({ restarted, reloaded }: UnitChanges): Promise<void> {
  const action = process.env['NIXOS_ACTION'];
  if (action !== undefined) {
    const list = action === 'dry-activate' ? 'dry-activation' : 'activation';
    await mkdir('/run/nixos', { recursive: true });
    await appendList(`/run/nixos/${list}-restart-list`, restarted);
    await appendList(`/run/nixos/${list}-reload-list`, reloaded);
    return;
  }
  const running = await runningOf([...restarted, ...reloaded]);
  try {
    if (restarted.length > 0) await run('systemctl', ['try-restart', '--', ...restarted]);
    if (reloaded.length > 0) await run('systemctl', ['try-reload-or-restart', '--', ...reloaded]);
  } catch (error) {
    throw new UnitsError(running, error);
  }
}

/** A unit did not come up with the new secrets. */
export class UnitsError extends Error {
  override readonly name = 'UnitsError';
  readonly running: readonly string[];

  constructor(running: readonly string[], cause: unknown) {
    super('a unit did not take up its new secrets', { cause });
    this.running = running;
  }
}

/**
 * Starts units again that ran before, with the secrets they had.
 *
 * @returns those that do not run even so.
 */
export async function bringBack(units: readonly string[]): Promise<readonly string[]> {
  if (units.length === 0) return [];
  try {
    await run('systemctl', ['restart', '--', ...units]);
  } catch {
    // Which ones did not come up is asked below; one exit code for all of them does not say.
  }
  const running = await runningOf(units);
  return units.filter((unit) => !running.includes(unit));
}

/** `systemctl is-active` prints a line for each unit, and ends with an error when one does not run. */
async function runningOf(units: readonly string[]): Promise<string[]> {
  if (units.length === 0) return [];
  const { stdout } = await run('systemctl', ['is-active', '--', ...units]).catch((error: unknown) => {
    if (error instanceof Error && 'stdout' in error && error.stdout !== '')
      return { stdout: String(error.stdout) };
    throw error;
  });
  const states = stdout.split('\n');
  return units.filter((_unit, index) => ['active', 'reloading', 'activating'].includes(states[index] ?? ''));
}

async function appendList(path: string, units: readonly string[]): Promise<void> {
  if (units.length > 0) await appendFile(path, units.map((unit) => `${unit}\n`).join(''));
}
