import type { CallOptions, Scope, Tagged } from '../scope.ts';
import { modify } from '../transport/modify.ts';
import { type ListOptions, listQuery } from '../transport/list-options.ts';
import { path } from '../transport/path.ts';
import type { Project, ProjectCreate, ProjectChange } from './types.ts';

/** Projects, which keep instances, images, volumes and profiles apart. */
export interface ProjectsArea {
  list(options?: ListOptions): Promise<readonly Project[]>;
  /** @throws {IncusApiError} `NOT_FOUND` */
  get(name: string, options?: CallOptions): Promise<Project>;
  getTagged(name: string, options?: CallOptions): Promise<Tagged<Project>>;
  create(project: ProjectCreate, options?: CallOptions): Promise<void>;
  /** Replaces all that can be changed. With `ifMatch`, only while it is still as it was read. */
  update(
    name: string,
    change: ProjectChange,
    options?: CallOptions & { readonly ifMatch?: string },
  ): Promise<void>;
  /** Changes only the keys given. */
  patch(
    name: string,
    change: ProjectChange,
    options?: CallOptions & { readonly ifMatch?: string },
  ): Promise<void>;
  /** Reads, changes and writes, again from the start when somebody else wrote in between (412). */
  modify(name: string, change: (project: Project) => ProjectChange, options?: CallOptions): Promise<void>;
  rename(name: string, newName: string, options?: CallOptions): Promise<void>;
  delete(name: string, options?: CallOptions): Promise<void>;
}

const collection = '/1.0/projects';

export function projectsArea(scope: Scope): ProjectsArea {
  const get = (name: string, options: CallOptions = {}) =>
    scope.request<Project>('GET', path`/1.0/projects/${name}`, options);
  const getTagged = (name: string, options: CallOptions = {}) =>
    scope.requestTagged<Project>(path`/1.0/projects/${name}`, options);
  const update = async (
    name: string,
    change: ProjectChange,
    options: CallOptions & { readonly ifMatch?: string } = {},
  ) => {
    await scope.request('PUT', path`/1.0/projects/${name}`, { ...options, json: change });
  };
  return {
    list: (options = {}) => scope.request('GET', collection, { ...options, query: listQuery(1, options) }),
    get,
    getTagged,
    async create(project, options = {}) {
      await scope.request('POST', collection, { ...options, json: project });
    },
    update,
    async patch(name, change, options = {}) {
      await scope.request('PATCH', path`/1.0/projects/${name}`, { ...options, json: change });
    },
    modify: (name, change, options) =>
      modify(
        () => getTagged(name, options),
        ({ value, etag }) =>
          update(
            name,
            { config: value.config, description: value.description, ...change(value) },
            { ...options, ifMatch: etag },
          ),
      ),
    async rename(name, newName, options = {}) {
      await scope.request('POST', path`/1.0/projects/${name}`, { ...options, json: { name: newName } });
    },
    async delete(name, options = {}) {
      await scope.request('DELETE', path`/1.0/projects/${name}`, options);
    },
  };
}
