export type { CloneReport, UnsafeCode, UnsafeReason } from './git/clone-report.ts';
export { inspectClone, type InspectOptions } from './safe-point/inspect-clone.ts';
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
export { quiesce } from './safe-point/quiesce.ts';
export type {
  QuiescedClone,
  QuiesceEvent,
  QuiesceOptions,
  QuiesceReport,
} from './safe-point/quiesce-report.ts';
export { type Salvage, salvageClone, type SalvageOptions } from './safe-point/salvage/salvage-clone.ts';
