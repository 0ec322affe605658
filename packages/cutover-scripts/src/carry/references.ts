import { newPath, oldPath } from '../rig/rig.ts';
import { compareTrees, syncTree, type Tree, type TreeDifference } from './sync-tree.ts';
import type { World } from '../world/world.ts';

/** How many of the references the new host lacks or has otherwise, of how many. */
export async function compareReferences(
  world: World,
  signal: AbortSignal,
): Promise<{ readonly files: number; readonly differing: number }> {
  const trees = await referenceTrees(world, signal);
  if (trees === undefined) return { files: 0, differing: 0 };
  const { files, differing } = await compareTrees(trees.from, trees.to, signal);
  return { files, differing: differing.length };
}

/** Carries the references from the old host to the new one; nothing when the config names none. */
export async function syncReferences(world: World, signal: AbortSignal): Promise<TreeDifference | undefined> {
  const trees = await referenceTrees(world, signal);
  if (trees === undefined) return undefined;
  return syncTree(trees.from, trees.to, world.settings.new.user, signal);
}

async function referenceTrees(
  world: World,
  signal: AbortSignal,
): Promise<{ from: Tree; to: Tree } | undefined> {
  const { settings, old } = world;
  const { references } = settings.old;
  if (references === undefined) return undefined;
  const target = await world.target(signal);
  return {
    from: { host: old, path: oldPath(settings, references) },
    to: { host: target, path: newPath(settings, references) },
  };
}

/**
 * A name of all that a listing of the old host's references shows: paths, sizes, and when each was changed last. While it
 * stays the same, what was carried need not be read again. `null`: the config names no references.
 */
export async function listingOfReferences(world: World, signal: AbortSignal): Promise<string | null> {
  const { settings, old } = world;
  const { references } = settings.old;
  if (references === undefined) return null;
  const script = `cd "$1" 2>/dev/null || exit 0
find . -printf '%p\\0%y\\0%l\\0%s\\0%T@\\0%C@\\0' | sort -z | sha256sum`;
  const { stdout } = await old.run(['sh', '-c', script, 'sh', oldPath(settings, references)], { signal });
  return stdout.split(' ')[0] ?? '';
}
