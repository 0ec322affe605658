export { deploy, type DeployResult } from './deploy.ts';
export type { Action, DeployOptions, Engine } from './options.ts';
export type { DeployEvent, DeployStage } from './events.ts';
export type { Source } from './source.ts';
export { type Target, targetOf } from './target/target.ts';
export { withSudoPassword } from './target/sudo-password.ts';
export type { NixOptions } from './nix/arguments.ts';
export type { TargetPaths } from './target/paths.ts';
export type { HealthCheck } from './health/check.ts';
export type { CheckResult } from './health/run-checks.ts';
export type { NixEvent } from './nix/run-nix.ts';
export type { NixProgress, Tally } from './nix/progress.ts';
export {
  ActivationError,
  DeployError,
  DeployOptionsError,
  type ActivationCode,
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
export { generations, type Generation, type GenerationsOptions } from './history/generations.ts';
export { rollback, type RollbackOptions } from './history/rollback.ts';
export {
  rebootProof,
  type RebootEvent,
  type RebootProof,
  type RebootProofOptions,
} from './history/reboot-proof.ts';
export {
  collectGarbage,
  type CollectGarbageOptions,
  type GarbageCollected,
} from './history/collect-garbage.ts';
export {
  deployFleet,
  FleetError,
  type FleetMember,
  type FleetOptions,
  type FleetOutcome,
} from './fleet/deploy-fleet.ts';
export { plan, type Plan, type PlanOptions } from './plan/plan.ts';
export type { ClosureDifference, PackageDifference } from './plan/closure-difference.ts';
export type { UserUnits } from './plan/activation-preview.ts';
export type { UnitDifference } from './plan/unit-difference.ts';
export type { DryRun } from './plan/dry-run.ts';
export type { Place } from './build/places.ts';
export type { DeployConfig } from './config/schema.ts';
export { ConfigError, type ConfigMistake, loadDeployConfig } from './config/load.ts';
export { membersOf } from './config/members.ts';
