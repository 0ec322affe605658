import type { CallOptions, Scope, Tagged } from '../scope.ts';
import { modify } from '../transport/modify.ts';
import { type ListOptions, listQuery } from '../transport/list-options.ts';
import { path } from '../transport/path.ts';
import type { Network, NetworkCreate, NetworkChange } from './types.ts';

/** Managed networks, and those of the host that the daemon sees. */
export interface NetworksArea {
  list(options?: ListOptions): Promise<readonly Network[]>;
  /** @throws {IncusApiError} `NOT_FOUND` */
  get(name: string, options?: CallOptions): Promise<Network>;
  getTagged(name: string, options?: CallOptions): Promise<Tagged<Network>>;
  create(network: NetworkCreate, options?: CallOptions): Promise<void>;
  /** Replaces all that can be changed. With `ifMatch`, only while it is still as it was read. */
  update(
    name: string,
    change: NetworkChange,
    options?: CallOptions & { readonly ifMatch?: string },
  ): Promise<void>;
  /** Changes only the keys given. */
  patch(
    name: string,
    change: NetworkChange,
    options?: CallOptions & { readonly ifMatch?: string },
  ): Promise<void>;
  /** Reads, changes and writes, again from the start when somebody else wrote in between (412). */
  modify(name: string, change: (network: Network) => NetworkChange, options?: CallOptions): Promise<void>;
  rename(name: string, newName: string, options?: CallOptions): Promise<void>;
  delete(name: string, options?: CallOptions): Promise<void>;
}

const collection = '/1.0/networks';

export function networksArea(scope: Scope): NetworksArea {
  const get = (name: string, options: CallOptions = {}) =>
    scope.request<Network>('GET', path`/1.0/networks/${name}`, options);
  const getTagged = (name: string, options: CallOptions = {}) =>
    scope.requestTagged<Network>(path`/1.0/networks/${name}`, options);
  const update = async (
    name: string,
    change: NetworkChange,
    options: CallOptions & { readonly ifMatch?: string } = {},
  ) => {
    await scope.request('PUT', path`/1.0/networks/${name}`, { ...options, json: change });
  };
  return {
    list: (options = {}) => scope.request('GET', collection, { ...options, query: listQuery(1, options) }),
    get,
    getTagged,
    async create(network, options = {}) {
      await scope.request('POST', collection, { ...options, json: network });
    },
    update,
    async patch(name, change, options = {}) {
      await scope.request('PATCH', path`/1.0/networks/${name}`, { ...options, json: change });
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
      await scope.request('POST', path`/1.0/networks/${name}`, { ...options, json: { name: newName } });
    },
    async delete(name, options = {}) {
      await scope.request('DELETE', path`/1.0/networks/${name}`, options);
    },
  };
}
