import { type NamedResources, namedResources } from '../resource/named-resources.ts';
import type { CallOptions } from '../api/call-options.ts';
import type { Scope } from '../scope.ts';
import { path } from '../api/path.ts';
import type {
  Bucket,
  BucketChange,
  BucketCreate,
  BucketKey,
  BucketKeyChange,
  BucketKeyCreate,
} from './bucket-types.ts';

/** The S3 buckets of a pool. */
export interface BucketsArea extends Omit<NamedResources<Bucket, BucketCreate, BucketChange>, 'create'> {
  /** Resolves to the bucket's first key, which has the role `admin`. Its secret is shown here and by `keys().get()`. */
  create(bucket: BucketCreate, options?: CallOptions): Promise<BucketKey>;
  /** The credentials of one bucket. */
  keys(bucket: string): BucketKeysArea;
}

/** The credentials of one bucket. The API has no `PATCH` for them: `modify` changes one. */
export interface BucketKeysArea extends Omit<
  NamedResources<BucketKey, BucketKeyCreate, BucketKeyChange>,
  'create' | 'patch'
> {
  /** Resolves to the key, with what the daemon generated where it was not given. */
  create(key: BucketKeyCreate, options?: CallOptions): Promise<BucketKey>;
}

export function bucketsArea(scope: Scope, pool: string): BucketsArea {
  const collection = path`/1.0/storage-pools/${pool}/buckets`;
  return {
    ...namedResources<Bucket, BucketCreate, BucketChange>(scope, collection, ({ config, description }) => ({
      config,
      description,
    })),
    create: (bucket, options = {}) => scope.request('POST', collection, { ...options, json: bucket }),
    keys: (bucket) => {
      const keys = `${collection}${path`/${bucket}/keys`}`;
      const { patch: _, ...rest } = namedResources<BucketKey, BucketKeyCreate, BucketKeyChange>(
        scope,
        keys,
        (key) => ({
          description: key.description,
          role: key.role,
          'access-key': key['access-key'],
          'secret-key': key['secret-key'],
        }),
      );
      return {
        ...rest,
        create: (key, options = {}) => scope.request('POST', keys, { ...options, json: key }),
      };
    },
  };
}
