import type { Readable } from 'node:stream';
import type { OperationRun, WaitOptions } from '../operations/operation-run.ts';
import type { MatchOptions } from '../resource/named-resources.ts';
import type { CallOptions, Scope, Tagged } from '../scope.ts';
import { type ListOptions, listQuery } from '../transport/list-options.ts';
import { modify } from '../transport/modify.ts';
import { path } from '../transport/path.ts';
import type {
  Volume,
  VolumeBackup,
  VolumeBackupCreate,
  VolumeChange,
  VolumeCreate,
  VolumeSnapshot,
  VolumeSnapshotChange,
  VolumeSnapshotCreate,
  VolumeState,
  VolumeType,
} from './volume-types.ts';

/** The volumes of one pool. Where no `type` is given, `custom` is meant. */
export interface VolumesArea {
  list(options?: ListOptions): Promise<readonly Volume[]>;
  get(name: string, type?: VolumeType, options?: CallOptions): Promise<Volume>;
  getTagged(name: string, type?: VolumeType, options?: CallOptions): Promise<Tagged<Volume>>;
  create(volume: VolumeCreate, options?: WaitOptions): OperationRun<void>;
  update(
    name: string,
    change: VolumeChange,
    options?: MatchOptions & { readonly type?: VolumeType },
  ): Promise<void>;
  patch(
    name: string,
    change: VolumeChange,
    options?: MatchOptions & { readonly type?: VolumeType },
  ): Promise<void>;
  modify(name: string, change: (volume: Volume) => VolumeChange, options?: CallOptions): Promise<void>;
  /** Renames it, or with `pool` moves it to another one. */
  rename(
    name: string,
    newName: string,
    options?: WaitOptions & { readonly pool?: string; readonly project?: string },
  ): OperationRun<void>;
  delete(name: string, options?: CallOptions): Promise<void>;
  state(name: string, type?: VolumeType, options?: CallOptions): Promise<VolumeState>;
  listSnapshots(name: string, options?: CallOptions): Promise<readonly VolumeSnapshot[]>;
  getSnapshot(name: string, snapshot: string, options?: CallOptions): Promise<VolumeSnapshot>;
  createSnapshot(name: string, snapshot: VolumeSnapshotCreate, options?: WaitOptions): OperationRun<void>;
  updateSnapshot(
    name: string,
    snapshot: string,
    change: VolumeSnapshotChange,
    options?: CallOptions,
  ): Promise<void>;
  deleteSnapshot(name: string, snapshot: string, options?: WaitOptions): OperationRun<void>;
  listBackups(name: string, options?: CallOptions): Promise<readonly VolumeBackup[]>;
  createBackup(name: string, backup: VolumeBackupCreate, options?: WaitOptions): OperationRun<void>;
  /** The backup's tarball; the stream must be read to its end or destroyed. */
  exportBackup(name: string, backup: string, options?: CallOptions): Promise<Readable>;
  deleteBackup(name: string, backup: string, options?: WaitOptions): OperationRun<void>;
  /** Makes a volume from a backup's tarball. */
  importBackup(name: string, tarball: Readable | Uint8Array, options?: WaitOptions): OperationRun<void>;
}

export function volumesArea(scope: Scope, pool: string): VolumesArea {
  const collection = path`/1.0/storage-pools/${pool}/volumes`;
  const one = (name: string, type: VolumeType = 'custom') => `${collection}${path`/${type}/${name}`}`;
  const nothing = () => {};
  const getTagged = (name: string, type?: VolumeType, options: CallOptions = {}) =>
    scope.requestTagged<Volume>(one(name, type), options);
  const update = async (
    name: string,
    change: VolumeChange,
    { type, ...options }: MatchOptions & { readonly type?: VolumeType } = {},
  ) => {
    await scope.request('PUT', one(name, type), { ...options, json: change });
  };
  return {
    list: (options = {}) => scope.request('GET', collection, { ...options, query: listQuery(1, options) }),
    get: (name, type, options = {}) => scope.request('GET', one(name, type), options),
    getTagged,
    create: (volume, options = {}) =>
      scope.start('POST', `${collection}/custom`, { ...options, json: volume }, nothing),
    update,
    async patch(name, change, { type, ...options } = {}) {
      await scope.request('PATCH', one(name, type), { ...options, json: change });
    },
    modify: (name, change, options) =>
      modify(
        () => getTagged(name, 'custom', options),
        ({ value, etag }) =>
          update(
            name,
            { config: value.config, description: value.description, ...change(value) },
            { ...options, ifMatch: etag },
          ),
      ),
    rename: (name, newName, { pool: newPool, project, ...options } = {}) =>
      scope.start(
        'POST',
        one(name),
        { ...options, json: { name: newName, pool: newPool, project } },
        nothing,
      ),
    async delete(name, options = {}) {
      await scope.request('DELETE', one(name), options);
    },
    state: (name, type, options = {}) => scope.request('GET', `${one(name, type)}/state`, options),
    listSnapshots: (name, options = {}) =>
      scope.request('GET', `${one(name)}/snapshots`, { ...options, query: { recursion: 1 } }),
    getSnapshot: (name, snapshot, options = {}) =>
      scope.request('GET', `${one(name)}${path`/snapshots/${snapshot}`}`, options),
    createSnapshot: (name, snapshot, options = {}) =>
      scope.start('POST', `${one(name)}/snapshots`, { ...options, json: snapshot }, nothing),
    async updateSnapshot(name, snapshot, change, options = {}) {
      await scope.request('PUT', `${one(name)}${path`/snapshots/${snapshot}`}`, { ...options, json: change });
    },
    deleteSnapshot: (name, snapshot, options = {}) =>
      scope.start('DELETE', `${one(name)}${path`/snapshots/${snapshot}`}`, options, nothing),
    listBackups: (name, options = {}) =>
      scope.request('GET', `${one(name)}/backups`, { ...options, query: { recursion: 1 } }),
    createBackup: (name, backup, options = {}) =>
      scope.start('POST', `${one(name)}/backups`, { ...options, json: backup }, nothing),
    async exportBackup(name, backup, options = {}) {
      const { body } = await scope.rawStream(
        'GET',
        `${one(name)}${path`/backups/${backup}/export`}`,
        options,
      );
      return body;
    },
    deleteBackup: (name, backup, options = {}) =>
      scope.start('DELETE', `${one(name)}${path`/backups/${backup}`}`, options, nothing),
    importBackup: (name, tarball, options = {}) =>
      scope.start(
        'POST',
        collection,
        {
          ...options,
          body: tarball,
          headers: { 'content-type': 'application/octet-stream', 'x-incus-name': name },
        },
        nothing,
      ),
  };
}
