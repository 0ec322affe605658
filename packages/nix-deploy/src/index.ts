export { deploy, type DeployResult } from './deploy.ts';
export type { Action, DeployOptions } from './options.ts';
export type { DeployEvent, DeployStage } from './events.ts';
export type { Source } from './source.ts';
export { type Target, targetOf } from './target/target.ts';
export type { TargetPaths } from './target/paths.ts';
export type { HealthCheck } from './health/check.ts';
export type { CheckResult } from './health/run-checks.ts';
export type { NixEvent } from './nix/run-nix.ts';
export type { NixProgress, Tally } from './nix/progress.ts';
export {
  ActivationError,
  DeployError,
  type DeployErrorCode,
  type DeployStep,
  LockedError,
  NixError,
  NoSuchGenerationError,
  PreflightError,
  type Problem,
  RebootProofError,
  type Restoration,
} from './errors.ts';
export { deployExitCode, deployExitCodes } from './exit-codes.ts';
