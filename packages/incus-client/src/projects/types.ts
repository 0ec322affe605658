/** Keys that people set on projects, for completion; any other key is as good. */
export type ProjectConfigKey =
  | 'features.images'
  | 'features.networks'
  | 'features.networks.zones'
  | 'features.profiles'
  | 'features.storage.buckets'
  | 'features.storage.volumes'
  | 'limits.containers'
  | 'limits.cpu'
  | 'limits.disk'
  | 'limits.instances'
  | 'limits.memory'
  | 'limits.networks'
  | 'limits.processes'
  | 'limits.virtual-machines'
  | 'restricted'
  | 'restricted.containers.nesting'
  | 'restricted.devices.disk'
  | 'restricted.devices.nic';

/** Configuration of a project: values are strings. */
export type ProjectConfig = Readonly<{ [Key in ProjectConfigKey]?: string } & Record<string, string>>;

/** A project (`GET /1.0/projects/{name}`). */
export interface Project {
  readonly name: string;
  readonly description: string;
  readonly config: ProjectConfig;
  readonly used_by: readonly string[];
}

/** What can be changed of a project. */
export interface ProjectChange {
  readonly config?: ProjectConfig | undefined;
  readonly description?: string | undefined;
}

/** A new project. */
export interface ProjectCreate extends ProjectChange {
  readonly name: string;
}

/** How much of a project's limits is used (`GET /1.0/projects/{name}/state`). */
export interface ProjectState {
  readonly resources: Readonly<Record<string, ProjectResource>>;
}

/** Bytes, or a count. */
export interface ProjectResource {
  /** -1: no limit. */
  readonly Limit: number;
  readonly Usage: number;
}
