export {
  ConfigError,
  LoopsError,
  type LoopsErrorCode,
  OwnershipConflictError,
  OwnershipUnknownError,
  RequestRefusedError,
} from './errors.ts';
export type { RigEvent } from './events/rig-event.ts';
export { loadRigConfig } from './config/load-rig-config.ts';
export type { LoopConfig, RigConfig } from './config/rig-config.ts';
export { controlSocket } from './config/rig-places.ts';
export { askSupervisor, streamFromSupervisor } from './control/control-connection.ts';
export type { Requests, Streams } from './control/requests.ts';
export type { LoopCondition, LoopStatus, RigStatus, WatchedStatus } from './control/status.ts';
export { type Claim, type GatePlace, readClaim, readVerdict, type Verdict } from './gates/gate-refs.ts';
export { claimOwnership, type Ownership, type OwnershipPlace, readOwnership } from './ownership/ownership.ts';
export { quiesceRig, type QuiesceRigOptions } from './rig/quiesce-rig.ts';
export { readRigStatus } from './rig/read-rig-status.ts';
export { runSupervisor, type RunSupervisorOptions, type SupervisorEnd } from './supervisor/run-supervisor.ts';
export {
  type CloneReport,
  findRigProcesses,
  inspectClone,
  type ProcessSelector,
  provesStopped,
  quiesce,
} from './safe-point.ts';
