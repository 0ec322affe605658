import type { Host } from '@cutover/host';

import type { ClosureDifference } from '../plan/closure-difference.ts';
import { script } from '../target/script.ts';
import { type TargetPaths, targetPaths } from '../target/paths.ts';
import { changesOf } from './changes.ts';
import generationsScript from './generations.sh';

/** A generation of a profile on a target. */
export interface Generation {
  readonly number: number;
  /** The store path of its system. */
  readonly system: string;
  readonly created: Date;
  /** The profile names it: it is what is meant to boot. */
  readonly active: boolean;
  /** It runs now. */
  readonly current: boolean;
  /** It is what booted. */
  readonly booted: boolean;
  /** Content of its `nixos-version`. */
  readonly nixosVersion: string | undefined;
  /**
   * What it changed over the generation before it in the list; only where `changes` was asked for, and not of the first.
   * Absent too where nix could not be asked about one of the two, whose store path may be gone: unknown is not nothing.
   */
  readonly changes?: ClosureDifference | undefined;
}

/** Which profile to list, and whether to compare its generations. */
export interface GenerationsOptions {
  /** As in `deploy`. */
  readonly profile?: string | undefined;
  /** Compare each generation's closure with the one before it. Default `false`. */
  readonly changes?: boolean | undefined;
  /** Needed for `changes` alone, where the connection is not root's and nix has no daemon. */
  readonly sudo?: boolean | undefined;
  readonly paths?: Partial<Omit<TargetPaths, 'profile'>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The generations of a profile, oldest first; an empty list where the profile does not exist.
 *
 * @example
 * const all = await generations(host);
 * console.log(all.find(({ active }) => active)?.system);
 */
export async function generations(
  host: Host,
  options: GenerationsOptions = {},
): Promise<readonly Generation[]> {
  const paths = targetPaths(options.profile, options.paths);
  const argv = script('generations', generationsScript, paths.profile, paths.current, paths.booted);
  const { stdout } = await host.run(argv, { signal: options.signal });
  const all = parseGenerations(stdout);
  if (options.changes !== true) return all;
  const privilege = { sudo: options.sudo ?? false };
  const changes = await changesOf(
    host,
    all.map(({ system }) => system),
    privilege,
    options.signal,
  );
  return all.map((generation, index) => {
    const changed = changes[index];
    return changed === undefined ? generation : { ...generation, changes: changed };
  });
}

/** Reads what the script printed. */
export function parseGenerations(text: string): readonly Generation[] {
  const marks = new Map<string, string>();
  const found: Generation[] = [];
  for (const line of text.split('\n')) {
    const [word = '', ...rest] = line.split(' ');
    if (word !== 'generation') {
      marks.set(word, rest.join(' '));
      continue;
    }
    const [link = '', seconds = '', system = '', ...version] = rest;
    const number = /-(\d+)-link$/.exec(link)?.[1];
    if (number === undefined) continue;
    found.push({
      number: Number(number),
      system,
      created: new Date(Number(seconds) * 1000),
      active: marks.get('active')?.split('/').at(-1) === link,
      current: marks.get('current') === system,
      booted: marks.get('booted') === system,
      nixosVersion: version.length === 0 ? undefined : version.join(' '),
    });
  }
  return found.sort((a, b) => a.number - b.number);
}
