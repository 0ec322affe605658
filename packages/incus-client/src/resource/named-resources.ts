import type { CallOptions, Tagged } from '../api/call-options.ts';
import type { Scope } from '../scope.ts';
import { given } from '../api/given.ts';
import { type ListOptions, listQuery } from '../api/list-options.ts';
import { merged, modify, patchOnly } from './modify.ts';

/** Only while the resource is still as it was read (its ETag); else 412, `PRECONDITION_FAILED`. */
export interface MatchOptions extends CallOptions {
  readonly ifMatch?: string | undefined;
}

/** A collection of resources that have names. `Create` is what a new one is made from, `Change` what of one can be changed. */
export interface NamedResources<Resource, Create, Change> {
  /** All of them, or those that the filter of `options` lets pass. */
  list(options?: ListOptions): Promise<readonly Resource[]>;
  /** @throws {IncusApiError} `NOT_FOUND` */
  get(name: string, options?: CallOptions): Promise<Resource>;
  /** With its ETag, for the `ifMatch` of a later change. */
  getTagged(name: string, options?: CallOptions): Promise<Tagged<Resource>>;
  /** @throws {IncusApiError} `ALREADY_EXISTS` */
  create(resource: Create, options?: CallOptions): Promise<void>;
  /** Replaces all that can be changed. */
  update(name: string, change: Change, options?: MatchOptions): Promise<void>;
  /** Changes only what is given; of `config` and other maps, only the keys given. */
  patch(name: string, change: Change, options?: MatchOptions): Promise<void>;
  /** Reads, changes and writes, again from the start when another client wrote in between (412). */
  modify(name: string, change: (resource: Resource) => Change, options?: CallOptions): Promise<void>;
  /** Deletes one. The daemon refuses to delete what something else still uses. */
  delete(name: string, options?: CallOptions): Promise<void>;
}

/** A collection whose resources can be renamed. */
export interface RenamableResources<Resource, Create, Change> extends NamedResources<
  Resource,
  Create,
  Change
> {
  /** Gives one another name, under which it is found from then on. */
  rename(name: string, newName: string, options?: CallOptions): Promise<void>;
}

/** `collection` is its path; `changeable` picks what of a resource a `PUT` takes. */
export function namedResources<Resource, Create, Change extends object>(
  scope: Scope,
  collection: string,
  changeable: (resource: Resource) => Change,
): RenamableResources<Resource, Create, Change> {
  const one = (name: string) => `${collection}/${encodeURIComponent(name)}`;
  const getTagged = (name: string, options: CallOptions = {}) =>
    scope.requestTagged<Resource>(one(name), options);
  const update = async (name: string, change: Change, options: MatchOptions = {}) => {
    await scope.request('PUT', one(name), { ...options, json: change });
  };
  return {
    list: (options = {}) => scope.request('GET', collection, { ...options, query: listQuery(1, options) }),
    get: (name, options = {}) => scope.request('GET', one(name), options),
    getTagged,
    async create(resource, options = {}) {
      await scope.request('POST', collection, { ...options, json: resource });
    },
    update,
    // By PUT: what the daemon (6.0.4) makes of a PATCH differs from area to area, and of groups its ETag never fits.
    patch: (name, change, { ifMatch, ...options } = {}) =>
      patchOnly(
        { scope, path: one(name), signal: options.signal },
        () => getTagged(name, options),
        ({ value, etag }) => update(name, merged(changeable(value), change), { ...options, ifMatch: etag }),
        ifMatch,
      ),
    modify: (name, change, options) =>
      modify(
        { scope, path: one(name), signal: options?.signal },
        () => getTagged(name, options),
        ({ value, etag }) =>
          update(name, { ...changeable(value), ...given(change(value)) }, { ...options, ifMatch: etag }),
      ),
    async delete(name, options = {}) {
      await scope.request('DELETE', one(name), options);
    },
    async rename(name, newName, options = {}) {
      await scope.request('POST', one(name), { ...options, json: { name: newName } });
    },
  };
}
