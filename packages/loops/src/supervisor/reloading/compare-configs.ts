import { createHash } from 'node:crypto';
import type { LoopConfig, RigConfig } from '../../config/rig-config.ts';

/** What differs between a config that is in use and its file as it is now. */
export interface ConfigChanges {
  /** Keys that changed, e.g. `quiesce` or `loops.builder.command`. */
  readonly changed: readonly string[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** They say where the rig is, and whose: a supervisor keeps them for as long as it runs. */
export const fixedKeys = [
  'rig',
  'workspace',
  'stateDir',
  'runtimeDir',
  'logDir',
  'ownership',
] as const satisfies readonly (keyof RigConfig)[];

/** Keys of a loop that take effect while its agent runs, or at its next start; all others are what it was started with. */
const withoutRestart = new Set<string>([
  'name',
  'autostart',
  'after',
  'ready',
  'restart',
  'stall',
  'menu',
  'prompt',
  'goOn',
  'budget',
  'contextHandoff',
  'logCap',
] satisfies (keyof LoopConfig)[]);

/** Compares two configs of one rig. */
export function compareConfigs(before: RigConfig, after: RigConfig): ConfigChanges {
  const old = new Map(before.loops.map((loop) => [loop.name, loop]));
  const now = new Map(after.loops.map((loop) => [loop.name, loop]));
  const inLoops = after.loops.flatMap((loop) => {
    const was = old.get(loop.name);
    return was === undefined ? [] : changedKeys(was, loop).map((key) => `loops.${loop.name}.${key}`);
  });
  return {
    changed: [...changedKeys(before, after).filter((key) => key !== 'loops'), ...inLoops],
    added: [...now.keys()].filter((name) => !old.has(name)),
    removed: [...old.keys()].filter((name) => !now.has(name)),
  };
}

/** What an agent was started with, in short: it runs with an older config when this has changed since. */
export function startFingerprint({ environment }: RigConfig, loop: LoopConfig): string {
  const words = Object.entries(loop).filter(([key]) => !withoutRestart.has(key));
  return createHash('sha256')
    .update(canonical([environment, Object.fromEntries(words)]))
    .digest('hex')
    .slice(0, 16);
}

function changedKeys(before: object, after: object): string[] {
  const old = new Map(Object.entries(before));
  const now = new Map(Object.entries(after));
  return [...new Set([...old.keys(), ...now.keys()])].filter(
    (key) => canonical(old.get(key)) !== canonical(now.get(key)),
  );
}

/** JSON in which the order of keys does not count. */
function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_, part: unknown) =>
      typeof part === 'object' && part !== null && !Array.isArray(part)
        ? Object.fromEntries(Object.entries(part).toSorted(([one], [other]) => (one < other ? -1 : 1)))
        : part,
    ) ?? ''
  );
}
