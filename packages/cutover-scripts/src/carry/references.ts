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
