import type { CallOptions, Scope, Tagged } from '../scope.ts';
import { modify } from '../transport/modify.ts';
import { type ListOptions, listQuery } from '../transport/list-options.ts';
import { path } from '../transport/path.ts';
import type { Profile, ProfileCreate, ProfileChange } from './types.ts';

/** Profiles: configuration and devices that instances share. */
export interface ProfilesArea {
  list(options?: ListOptions): Promise<readonly Profile[]>;
  /** @throws {IncusApiError} `NOT_FOUND` */
  get(name: string, options?: CallOptions): Promise<Profile>;
  getTagged(name: string, options?: CallOptions): Promise<Tagged<Profile>>;
  create(profile: ProfileCreate, options?: CallOptions): Promise<void>;
  /** Replaces all that can be changed. With `ifMatch`, only while it is still as it was read. */
  update(
    name: string,
    change: ProfileChange,
    options?: CallOptions & { readonly ifMatch?: string },
  ): Promise<void>;
  /** Changes only the keys given. */
  patch(
    name: string,
    change: ProfileChange,
    options?: CallOptions & { readonly ifMatch?: string },
  ): Promise<void>;
  /** Reads, changes and writes, again from the start when somebody else wrote in between (412). */
  modify(name: string, change: (profile: Profile) => ProfileChange, options?: CallOptions): Promise<void>;
  rename(name: string, newName: string, options?: CallOptions): Promise<void>;
  delete(name: string, options?: CallOptions): Promise<void>;
}

const collection = '/1.0/profiles';

export function profilesArea(scope: Scope): ProfilesArea {
  const get = (name: string, options: CallOptions = {}) =>
    scope.request<Profile>('GET', path`/1.0/profiles/${name}`, options);
  const getTagged = (name: string, options: CallOptions = {}) =>
    scope.requestTagged<Profile>(path`/1.0/profiles/${name}`, options);
  const update = async (
    name: string,
    change: ProfileChange,
    options: CallOptions & { readonly ifMatch?: string } = {},
  ) => {
    await scope.request('PUT', path`/1.0/profiles/${name}`, { ...options, json: change });
  };
  return {
    list: (options = {}) => scope.request('GET', collection, { ...options, query: listQuery(1, options) }),
    get,
    getTagged,
    async create(profile, options = {}) {
      await scope.request('POST', collection, { ...options, json: profile });
    },
    update,
    async patch(name, change, options = {}) {
      await scope.request('PATCH', path`/1.0/profiles/${name}`, { ...options, json: change });
    },
    modify: (name, change, options) =>
      modify(
        () => getTagged(name, options),
        ({ value, etag }) =>
          update(
            name,
            {
              config: value.config,
              devices: value.devices,
              description: value.description,
              ...change(value),
            },
            { ...options, ifMatch: etag },
          ),
      ),
    async rename(name, newName, options = {}) {
      await scope.request('POST', path`/1.0/profiles/${name}`, { ...options, json: { name: newName } });
    },
    async delete(name, options = {}) {
      await scope.request('DELETE', path`/1.0/profiles/${name}`, options);
    },
  };
}
