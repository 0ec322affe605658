import type { World } from '../world/world.ts';

/** How long an answer counts, in milliseconds: the grant follows it at once, or it is asked again. */
const lately = 10_000;

const fenced = new WeakMap<World, number>();

/** Notes that the forge has just refused the old host, asked from there. */
export function noteFenced(world: World): void {
  fenced.set(world, performance.now());
}

/** Whether it did so moments ago, in this process. */
export function fencedLately(world: World): boolean {
  return performance.now() - (fenced.get(world) ?? -Infinity) < lately;
}
