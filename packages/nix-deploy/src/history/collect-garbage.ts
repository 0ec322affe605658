import { parseSize } from '@cutover/foundation/size';
import type { Host } from '@cutover/host';

import { LockedError } from '../errors.ts';
import { asRoot, script } from '../target/script.ts';
import { type TargetPaths, targetPaths } from '../target/paths.ts';
import gcScript from './collect-garbage.sh';
import { generations } from './generations.ts';

/** Which generations stay. */
export interface CollectGarbageOptions {
  readonly profile?: string | undefined;
  /** How many of the newest generations stay, whatever their age. Default 5. */
  readonly keep?: number | undefined;
  /** Generations younger than this many milliseconds stay. Default 7 days. */
  readonly keepYounger?: number | undefined;
  readonly sudo?: boolean | undefined;
  /** Say which generations would go, and delete nothing. Default `false`. */
  readonly dryRun?: boolean | undefined;
  readonly paths?: Partial<Omit<TargetPaths, 'profile'>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The numbers of the generations that went and stayed; for a dry run, that would go and stay. */
export interface GarbageCollected {
  readonly deleted: readonly number[];
  readonly kept: readonly number[];
  /** Bytes that nix said it freed; `undefined` for a dry run. */
  readonly freed: number | undefined;
}

/**
 * Deletes old generations and collects what only they needed. What is active, runs, or booted always stays, however old:
 * it is what a failed deploy or a reboot goes back to.
 *
 * @throws {LockedError} a deploy is under way.
 *
 * @example
 * await collectGarbage(host, { keep: 5 });
 */
export async function collectGarbage(
  host: Host,
  options: CollectGarbageOptions = {},
): Promise<GarbageCollected> {
  const { keep = 5, keepYounger = 7 * 24 * 3600 * 1000, signal } = options;
  const privilege = { sudo: options.sudo ?? false };
  const paths = targetPaths(options.profile, options.paths);
  const all = await generations(host, options);
  const newest = new Set(all.slice(-Math.max(1, keep)).map(({ number }) => number));
  const deleted = all
    .filter(({ active, current, booted }) => !active && !current && !booted)
    .filter(({ number, created }) => !newest.has(number) && Date.now() - created.getTime() > keepYounger)
    .map(({ number }) => number);
  const kept = all.map(({ number }) => number).filter((number) => !deleted.includes(number));
  if (options.dryRun === true) return { deleted, kept, freed: undefined };
  const argv = script('gc', gcScript, paths.state, paths.profile, ...deleted.map(String));
  const { stdout, stderr } = await host.run(asRoot(argv, privilege), {
    timeout: 3_600_000,
    signal,
  });
  const holder = /^locked (.*)$/m.exec(stdout)?.[1];
  if (holder !== undefined) throw new LockedError(host.name, holder);
  return { deleted, kept, freed: parseFreed(`${stdout}\n${stderr}`) };
}

/** `12 store paths deleted, 34.56 MiB freed` → bytes. */
export function parseFreed(text: string): number | undefined {
  const [, amount = '', unit = ''] = /([\d.]+) (B|KiB|MiB|GiB|TiB) freed/.exec(text) ?? [];
  return parseSize(`${amount}${unit}`);
}
