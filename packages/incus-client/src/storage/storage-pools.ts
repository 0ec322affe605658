import { type NamedResources, namedResources } from '../resource/named-resources.ts';
import type { CallOptions } from '../api/call-options.ts';
import type { Scope } from '../scope.ts';
import { path } from '../api/path.ts';
import { type BucketsArea, bucketsArea } from './buckets.ts';
import type { StoragePool, StoragePoolChange, StoragePoolCreate, StoragePoolResources } from './types.ts';
import { type VolumesArea, volumesArea } from './volumes.ts';

/** Storage pools, and through them volumes and buckets. */
export interface StoragePoolsArea extends NamedResources<StoragePool, StoragePoolCreate, StoragePoolChange> {
  /** The space and the inodes of a pool: used and total. */
  resources(name: string, options?: CallOptions): Promise<StoragePoolResources>;
  /** The volumes of one pool. */
  volumes(pool: string): VolumesArea;
  /** The S3 buckets of one pool. */
  buckets(pool: string): BucketsArea;
}

export function storagePoolsArea(scope: Scope): StoragePoolsArea {
  return {
    ...namedResources<StoragePool, StoragePoolCreate, StoragePoolChange>(
      scope,
      '/1.0/storage-pools',
      ({ config, description }) => ({
        config,
        description,
      }),
    ),
    resources: (name, options = {}) =>
      scope.request('GET', path`/1.0/storage-pools/${name}/resources`, options),
    volumes: (pool) => volumesArea(scope, pool),
    buckets: (pool) => bucketsArea(scope, pool),
  };
}
