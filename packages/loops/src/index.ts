export { ConfigError, LoopsError, type LoopsErrorCode, RequestRefusedError } from './errors.ts';
export type {
  ExitCause,
  HoldReason,
  RebootCause,
  RigEvent,
  RigEventBody,
  StallRung,
} from './events/rig-event.ts';
export { loadRigConfig } from './config/load-rig-config.ts';
export type { LoopConfig, RigConfig } from './config/rig-config.ts';
export { controlSocket } from './config/rig-places.ts';
export { type AskOptions, askSupervisor, streamFromSupervisor } from './control/control-connection.ts';
export type { ChosenLoops, Handoff, ReloadReport, Requests, Streams } from './control/requests.ts';
export type { AgentStatus, LoopCondition, LoopStatus, RigStatus, WatchedStatus } from './control/status.ts';
export type { LoopBlock } from './state/rig-state.ts';
export type { TmuxServerMode } from './tmux/tmux-link.ts';
export { type Claim, type GatePlace, readClaim, readVerdict, type Verdict } from './gates/gate-refs.ts';
export {
  type Attestation,
  type AttestationFacts,
  attestationHows,
  attestationProblem,
  parseAttestation,
} from './ownership/attestation.ts';
export {
  defaultOwnershipRef,
  describeOwnership,
  type HeldDocument,
  type HeldOwnership,
  type Ownership,
  type ReleasedDocument,
  type ReleasedOwnership,
} from './ownership/document.ts';
export {
  type GrantDecision,
  type GrantFacts,
  type GrantGround,
  type LastOwner,
  mayGrant,
} from './ownership/may-grant.ts';
export {
  type GrantOptions,
  grantOwnership,
  readOwnership,
  type ReleaseOptions,
  releaseOwnership,
  reviveOwnership,
} from './ownership/move-ownership.ts';
export {
  OwnershipConflictError,
  OwnershipRegressedError,
  OwnershipUnknownError,
} from './ownership/ownership-errors.ts';
export {
  defaultOperatorRef,
  type OperatorDocument,
  readOperator,
  writeOperator,
} from './ownership/operator-claim.ts';
export { isRegressed, readSeenEpoch, rememberEpoch, type SeenEpoch } from './ownership/memory.ts';
export type { OwnershipPlace } from './ownership/place.ts';
export { quiesceRig, type QuiesceRigOptions, type RigQuiesceReport } from './rig/quiesce-rig.ts';
export { readRigStatus } from './rig/read-rig-status.ts';
export { runSupervisor, type RunSupervisorOptions, type SupervisorEnd } from './supervisor/run-supervisor.ts';
