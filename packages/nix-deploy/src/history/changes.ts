import type { Host } from '@cutover/host';

import type { StorePath } from '../nix/path-info.ts';
import { type ClosureDifference, closureDifference } from '../plan/closure-difference.ts';
import { asRoot, type Privilege, script } from '../target/script.ts';
import closuresScript from './closures.sh';

/**
 * What each of some systems changed over the one before it; `undefined` of the first of them, and where nix could not be
 * asked about one of the two.
 *
 * @param systems store paths on `host`, in the order in which they came.
 */
export async function changesOf(
  host: Host,
  systems: readonly string[],
  privilege: Privilege,
  signal?: AbortSignal,
): Promise<readonly (ClosureDifference | undefined)[]> {
  const changes: (ClosureDifference | undefined)[] = [];
  for (let first = 0; first < systems.length; first += atOnce) {
    const some = systems.slice(first, first + atOnce);
    // With the one before the first of them.
    const closures = await closuresOf(
      host,
      systems.slice(Math.max(0, first - 1), first + atOnce),
      privilege,
      signal,
    );
    for (const [index, system] of some.entries()) {
      const before = closures.get(systems[first + index - 1] ?? '');
      const after = closures.get(system);
      changes.push(
        before === undefined || after === undefined ? undefined : closureDifference(before, after),
      );
    }
  }
  return changes;
}

/** How many closures are listed by one command: that of a desktop has half a megabyte of names, and a host may have hundreds. */
const atOnce = 20;

async function closuresOf(
  host: Host,
  systems: readonly string[],
  privilege: Privilege,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, readonly StorePath[]>> {
  if (systems.length < 2) return new Map();
  const argv = asRoot(script('closures', closuresScript, ...new Set(systems)), privilege);
  return parseClosures((await host.run(argv, { signal })).stdout);
}

/** Reads what the script printed: system → its closure, of those about which nix could be asked. */
export function parseClosures(text: string): ReadonlyMap<string, readonly StorePath[]> {
  return new Map(
    text
      .split(/^closure /m)
      .slice(1)
      .map((part) => {
        const [system = '', ...lines] = part.split('\n');
        return [system, lines.flatMap(parseSized)];
      }),
  );
}

function parseSized(line: string): readonly StorePath[] {
  const [path = '', size = ''] = line.split(' ');
  return size === '' ? [] : [{ path, narSize: Number(size) }];
}
