import type { Host } from '@cutover/host';

import type { StorePath } from '../nix/path-info.ts';
import { asRoot, type Privilege, script } from '../target/script.ts';
import { asLines } from './closure.ts';
import deleteScript from './delete-paths.sh';

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
