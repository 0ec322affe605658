import type { Host } from '@cutover/host';

import type { StorePath } from '../nix/path-info.ts';
import { type ClosureDifference, closureDifference } from '../plan/closure-difference.ts';
import { asRoot, type Privilege, script } from '../target/script.ts';
import closuresScript from './closures.sh';

/**
 * What each of some systems changed over the one before it; the first of them changed nothing that is known.
 *
 * @param systems store paths on `host`, in the order in which they came.
 */
export async function changesOf(
  host: Host,
  systems: readonly string[],
  privilege: Privilege,
  signal?: AbortSignal,
): Promise<readonly (ClosureDifference | undefined)[]> {
  if (systems.length < 2) return systems.map(() => undefined);
  const argv = asRoot(script('closures', closuresScript, ...new Set(systems)), privilege);
  const { stdout } = await host.run(argv, { signal });
  const closures = parseClosures(stdout);
  return systems.map((system, index) => {
    const before = closures.get(systems[index - 1] ?? '');
    const after = closures.get(system);
    return before === undefined || after === undefined ? undefined : closureDifference(before, after);
  });
}

/** Reads what the script printed: system → its closure. */
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
