import type { CallOptions, Scope } from '../scope.ts';
import { type ListOptions, listQuery } from '../transport/list-options.ts';
import { path } from '../transport/path.ts';
import type { StoragePool, StoragePoolChange, StoragePoolCreate, StoragePoolResources } from './types.ts';

/** Storage pools. */
export interface StoragePoolsArea {
  list(options?: ListOptions): Promise<readonly StoragePool[]>;
  /** @throws {IncusApiError} `NOT_FOUND` */
  get(name: string, options?: CallOptions): Promise<StoragePool>;
  create(pool: StoragePoolCreate, options?: CallOptions): Promise<void>;
  update(
    name: string,
    change: StoragePoolChange,
    options?: CallOptions & { readonly ifMatch?: string },
  ): Promise<void>;
  patch(name: string, change: StoragePoolChange, options?: CallOptions): Promise<void>;
  delete(name: string, options?: CallOptions): Promise<void>;
  resources(name: string, options?: CallOptions): Promise<StoragePoolResources>;
}

const collection = '/1.0/storage-pools';

export function storagePoolsArea(scope: Scope): StoragePoolsArea {
  return {
    list: (options = {}) => scope.request('GET', collection, { ...options, query: listQuery(1, options) }),
    get: (name, options = {}) => scope.request('GET', path`/1.0/storage-pools/${name}`, options),
    async create(pool, options = {}) {
      await scope.request('POST', collection, { ...options, json: pool });
    },
    async update(name, change, options = {}) {
      await scope.request('PUT', path`/1.0/storage-pools/${name}`, { ...options, json: change });
    },
    async patch(name, change, options = {}) {
      await scope.request('PATCH', path`/1.0/storage-pools/${name}`, { ...options, json: change });
    },
    async delete(name, options = {}) {
      await scope.request('DELETE', path`/1.0/storage-pools/${name}`, options);
    },
    resources: (name, options = {}) =>
      scope.request('GET', path`/1.0/storage-pools/${name}/resources`, options),
  };
}
