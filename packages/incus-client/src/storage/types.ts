/** A storage pool (`GET /1.0/storage-pools/{name}`). */
export interface StoragePool {
  readonly name: string;
  readonly description: string;
  readonly driver: string;
  readonly status: string;
  readonly config: Readonly<Record<string, string>>;
  readonly locations: readonly string[] | null;
  readonly used_by: readonly string[] | null;
}

/** What can be changed of a pool. */
export interface StoragePoolChange {
  readonly config?: Readonly<Record<string, string>> | undefined;
  readonly description?: string | undefined;
}

/** A new pool. */
export interface StoragePoolCreate extends StoragePoolChange {
  readonly name: string;
  readonly driver:
    | 'btrfs'
    | 'dir'
    | 'lvm'
    | 'lvmcluster'
    | 'zfs'
    | 'ceph'
    | 'cephfs'
    | 'cephobject'
    | 'linstor'
    | 'truenas';
}

/** How full a pool is, in bytes and inodes (`GET /1.0/storage-pools/{name}/resources`). */
export interface StoragePoolResources {
  readonly space: { readonly used: number; readonly total: number };
  readonly inodes: { readonly used: number; readonly total: number };
}
