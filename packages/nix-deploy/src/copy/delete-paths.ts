import type { Host } from '@cutover/host';

import type { StorePath } from '../nix/path-info.ts';
import { asRoot, type Privilege, script } from '../target/script.ts';
import { asLines } from './closure.ts';

/**
 * Deletes store paths that were copied to a host and are not wanted there after all. Nix itself refuses those that something
 * else has come to need.
 *
 * @param paths each after those that it refers to, as a closure is.
 * @returns how many of them are gone.
 */
export async function deletePaths(
  host: Host,
  paths: readonly StorePath[],
  privilege: Privilege,
): Promise<number> {
  if (paths.length === 0) return 0;
  const { stdout } = await host.run(asRoot(script('delete', deleteScript), privilege), {
    input: asLines(paths.map(({ path }) => path).toReversed()),
  });
  return Number(stdout.trim());
}

/** All at once, or, where nix refuses one of them, one by one: those that refer to others first. */
const deleteScript = `
paths=$(cat)
nix-store --delete $paths > /dev/null 2>&1 ||
  for path in $paths; do nix-store --delete "$path" > /dev/null 2>&1; done
nix-store --check-validity --print-invalid $paths | wc -l
`;
