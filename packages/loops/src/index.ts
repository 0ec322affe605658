export { ConfigError, LoopsError, type LoopsErrorCode, RequestRefusedError } from './errors.ts';
export { loadRigConfig, type LoopConfig, parseRigConfig, type RigConfig } from './config/rig-config.ts';
export { controlSocket, tmuxSocket } from './config/rig-places.ts';
export { type LoopFile, type RigFile, rigFileSchema } from './config/schema.ts';
export type {
  ExitCause,
  HoldReason,
  RebootCause,
  RigEvent,
  RigEventBody,
  StallRung,
} from './events/rig-event.ts';
export type { LoopPhaseOfLife, LoopStatus, RigStatus, WatchedStatus } from './control/status.ts';
export { askSupervisor, streamFromSupervisor } from './control/control-connection.ts';
export type { LoopBlock, LoopState, PhasePassed, RigState } from './state/rig-state.ts';
export { readState } from './state/state-store.ts';
export { Supervisor, type SupervisorOptions } from './supervisor/supervisor.ts';
export type { TmuxServerMode } from './tmux/tmux-link.ts';
export { readHistory } from './events/read-history.ts';
export { readRigStatus } from './rig/read-rig-status.ts';
export { quiesceRig, type QuiesceRigOptions } from './rig/quiesce-rig.ts';
export { rigFileJsonSchema } from './config/json-schema.ts';
export { metricsText } from './control/metrics.ts';
export { runSupervisor, type SupervisorEnd } from './supervisor/run-supervisor.ts';
export {
  type Attestation,
  defaultLease,
  defaultOwnershipRef,
  describeOwnership,
  type HeldOwnership,
  type Ownership,
  type ReleasedOwnership,
} from './ownership/document.ts';
export {
  LeaseUnenforcedError,
  OwnershipConflictError,
  OwnershipRegressedError,
  OwnershipUnknownError,
} from './ownership/ownership-errors.ts';
export type { OwnershipPlace } from './ownership/place.ts';
export {
  type GrantOptions,
  grantOwnership,
  readOwnership,
  type ReleaseOptions,
  releaseOwnership,
  reviveOwnership,
} from './ownership/move-ownership.ts';
export { claimOwnership } from './ownership/claim-ownership.ts';
export {
  attestationLife,
  type GrantDecision,
  type GrantFacts,
  type LastOwner,
  mayGrant,
} from './ownership/may-grant.ts';
export type { OwnershipJudgement } from './ownership/judge-ownership.ts';
export { type OwnershipView, viewOwnership } from './ownership/view-ownership.ts';
export type { CloneReport, UnsafeCode, UnsafeReason } from './git/clone-report.ts';
export { inspectClone, type InspectOptions } from './safe-point/inspect-clone.ts';
export { quiesce } from './safe-point/quiesce.ts';
export type {
  QuiescedClone,
  QuiesceEvent,
  QuiesceOptions,
  QuiesceReport,
} from './safe-point/quiesce-report.ts';
export { type Salvage, salvageClone, type SalvageOptions } from './safe-point/salvage.ts';
export {
  findRigProcesses,
  type ProcessSelector,
  type RigProcess,
  type RigProcesses,
  type RigSession,
  type TmuxSelector,
} from './safe-point/processes.ts';
export {
  provesStopped,
  type Remainder,
  type StoppedOptions,
  type StoppedProof,
} from './safe-point/proves-stopped.ts';
export { type Claim, type GatePlace, readClaim, readVerdict, type Verdict } from './gates/gate-refs.ts';
export { pushClaim } from './gates/push-claim.ts';
export { type Gate, runGate } from './gates/run-gate.ts';
export { pushVerdict, requirePassed } from './gates/push-verdict.ts';
export { renderUnits, type Unit, type UnitOptions } from './units/render-units.ts';
