/** `@cutover/cutover-scripts/forge`: the forges that a rig's repositories may be on, and the fence that each is. */
export { type Fence, type FenceKey, fingerprintOf } from './world/fence.ts';
export type { Forge } from './world/forge.ts';
export type { Check } from './preflight/check.ts';
export { openForge } from './forge/open-forge.ts';
export type { ForgeSettings, OpenForgeOptions } from './forge/settings.ts';
