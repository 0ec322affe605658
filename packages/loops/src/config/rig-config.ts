import type { ContextHandoffFile, LoopFile, RigFile } from './schema.ts';

/** One loop of a rig, its paths absolute. */
export interface LoopConfig extends Omit<LoopFile, 'cwd' | 'contextHandoff'> {
  readonly name: string;
  readonly cwd: string;
  /** `undefined`: its context is left to the agent. */
  readonly contextHandoff?: (ContextHandoffFile & { readonly note: string }) | undefined;
}

/** A rig, checked, its paths absolute, durations in milliseconds and sizes in bytes. */
export interface RigConfig extends Omit<RigFile, 'loops' | 'runtimeDir' | 'logDir'> {
  /** Where it was read from. */
  readonly path: string;
  readonly runtimeDir: string;
  readonly logDir: string;
  readonly loops: readonly LoopConfig[];
}
