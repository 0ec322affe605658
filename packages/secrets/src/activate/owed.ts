import { readFile, rm } from 'node:fs/promises';
import { writeFileDurably } from '@cutover/foundation/durable-file';
import { unlessAbsent } from '@cutover/foundation/errno';
import type { Manifest } from './manifest.ts';
import type { UnitChanges } from './units.ts';

/**
 * The units that have yet to take up the secrets that are in place: noted before the swap and until they have, for an
 * activation that is killed between the two leaves them to the next one, which sees no change any more.
 */
export async function readOwed(mountPoint: string): Promise<readonly string[]> {
  const text = await unlessAbsent(readFile(noteOf(mountPoint), 'utf8'));
  return (text ?? '').split('\n').filter((unit) => unit !== '');
}

/** Notes them; none takes the note away. */
export async function writeOwed(mountPoint: string, units: readonly string[]): Promise<void> {
  const path = noteOf(mountPoint);
  if (units.length === 0) await rm(path, { force: true });
  else await writeFileDurably(path, units.map((unit) => `${unit}\n`).join(''), { mode: 0o600 });
}

/** What is to be done, with what an earlier activation owes; a unit that the manifest names no more is let go. */
export function withOwed(
  { restarted, reloaded }: UnitChanges,
  owed: readonly string[],
  { secrets, templates }: Manifest,
): UnitChanges {
  const items = [...secrets, ...templates];
  const restarts = new Set(items.flatMap((item) => item.restartUnits));
  const reloads = new Set(items.flatMap((item) => item.reloadUnits));
  const all = [...new Set([...restarted, ...owed.filter((unit) => restarts.has(unit))])];
  const others = [...reloaded, ...owed.filter((unit) => reloads.has(unit))];
  return { restarted: all, reloaded: [...new Set(others)].filter((unit) => !all.includes(unit)) };
}

/** Beside the mount point, and so in memory where that is below `/run`: at a boot nothing is owed. */
function noteOf(mountPoint: string): string {
  return `${mountPoint}.units`;
}
