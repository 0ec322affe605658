export { closeLab, destroyLab, type Lab, openLab, type OpenLabOptions } from './lab.ts';
export type { LabInstance, ReadyInstance } from './launch.ts';
export { type LabHosts, startHosts, type StartHostsOptions } from './hosts/hosts.ts';
export { builtGitea, noGitea } from './gitea/built.ts';
export { type Gitea, startGitea, type StartGiteaOptions } from './gitea/start-gitea.ts';
export type { GiteaApi } from './gitea/api.ts';
export type { LabCertificates } from './daemon/settings.ts';
export type { OperatorKey } from './operator-key.ts';
export {
  type LoginOptions,
  type ScriptedOperator,
  scriptedOperator,
  type VisitOptions,
} from './operator/operator.ts';
export { openTerminal, type Terminal } from './operator/terminal.ts';
export {
  type Sampler,
  type SamplerOptions,
  type SamplerReport,
  type Sighting,
  startSampler,
} from './sampler/sampler.ts';
