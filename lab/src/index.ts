export { closeLab, destroyLab, type Lab, openLab, type OpenLabOptions } from './lab.ts';
export type { LabInstance, LaunchOptions } from './launch.ts';
export type { LabCertificates } from './daemon/settings.ts';
export type { OperatorKey } from './operator-key.ts';
