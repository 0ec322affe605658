import { type RenamableResources, namedResources } from '../resource/named-resources.ts';
import type { CallOptions } from '../api/call-options.ts';
import type { Scope } from '../scope.ts';
import type { AccessEntry } from '../api/access.ts';
import { path } from '../api/path.ts';
import type { Project, ProjectChange, ProjectCreate, ProjectState } from './types.ts';

/** Projects, which keep instances, images, volumes and profiles apart. */
export interface ProjectsArea extends RenamableResources<Project, ProjectCreate, ProjectChange> {
  /** What of its limits a project uses. */
  state(name: string, options?: CallOptions): Promise<ProjectState>;
  /** Who may do what in a project. */
  access(name: string, options?: CallOptions): Promise<readonly AccessEntry[]>;
  /** With all that is in it: instances, images, volumes. Since the API extension `projects_force_delete`. */
  deleteForcibly(name: string, options?: CallOptions): Promise<void>;
}

export function projectsArea(scope: Scope): ProjectsArea {
  return {
    ...namedResources<Project, ProjectCreate, ProjectChange>(
      scope,
      '/1.0/projects',
      ({ config, description }) => ({ config, description }),
    ),
    state: (name, options = {}) => scope.request('GET', path`/1.0/projects/${name}/state`, options),
    async access(name, options = {}) {
      return (
        (await scope.request<readonly AccessEntry[] | null>(
          'GET',
          path`/1.0/projects/${name}/access`,
          options,
        )) ?? []
      );
    },
    async deleteForcibly(name, options = {}) {
      await scope.request('DELETE', path`/1.0/projects/${name}`, { ...options, query: { force: true } });
    },
  };
}
