import type { CheckResult } from './health/run-checks.ts';
import type { NixEvent } from './nix/run-nix.ts';

/** What a deploy says while it goes on, in order. */
export type DeployEvent = { readonly target: string } & (
  | { readonly type: 'step'; readonly step: DeployStage }
  | NixEvent
  | { readonly type: 'built'; readonly system: string }
  | { readonly type: 'copy'; readonly paths: number; readonly bytes: number }
  | { readonly type: 'armed'; readonly id: string; readonly previous: string | undefined }
  /** A line that switch-to-configuration wrote. */
  | { readonly type: 'output'; readonly line: string }
  | { readonly type: 'activated'; readonly exitCode: number; readonly failedUnits: readonly string[] }
  | { readonly type: 'connection-lost'; readonly reason: string }
  | { readonly type: 'reconnected' }
  | ({ readonly type: 'health' } & CheckResult)
  | { readonly type: 'confirmed' }
  | { readonly type: 'restoring'; readonly system: string }
  | { readonly type: 'restored'; readonly exitCode: number }
  | { readonly type: 'warning'; readonly message: string }
);

/** The parts of a deploy, in their usual order. `restore`: the target goes back to what ran before. */
export type DeployStage =
  | 'connect'
  | 'preflight'
  | 'build'
  | 'copy'
  | 'activate'
  | 'confirm'
  | 'boot-loader'
  | 'restore';

/** An event before it is known which target it is of. */
export type TargetlessEvent = DeployEvent extends infer E
  ? E extends unknown
    ? Omit<E, 'target'>
    : never
  : never;
