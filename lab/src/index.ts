export { closeLab, destroyLab, type Lab, openLab, type OpenLabOptions } from './lab.ts';
export type { LabInstance, LaunchOptions, ReadyInstance } from './launch.ts';
export { type LabHosts, startHosts, type StartHostsOptions } from './hosts/hosts.ts';
export type { LabCertificates } from './daemon/settings.ts';
export type { OperatorKey } from './operator-key.ts';
