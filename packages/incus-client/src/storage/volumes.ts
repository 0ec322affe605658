import type { Readable } from 'node:stream';
import { type FilesArea, filesArea } from '../files/http-files.ts';
import type { OperationRun, WaitOptions } from '../follow/operation-run.ts';
import type { MatchOptions } from '../resource/named-resources.ts';
import type { CallOptions, Tagged } from '../api/call-options.ts';
import type { Scope } from '../scope.ts';
import { given } from '../api/given.ts';
import { type ListOptions, listQuery } from '../api/list-options.ts';
import { modify, patchOnly } from '../resource/modify.ts';
import { path } from '../api/path.ts';
import { type VolumeBackupsArea, volumeBackupsArea } from './volume-backups.ts';
import { type VolumeSnapshotsArea, volumeSnapshotsArea } from './volume-snapshots.ts';
import type {
  Volume,
  VolumeChange,
  VolumeCopySource,
  VolumeCreate,
  VolumeState,
  VolumeType,
} from './volume-types.ts';

/** How a volume is copied within one server. */
export interface VolumeCopyOptions extends WaitOptions {
  /** The pool of the source, where it is another one than the copy's. */
  readonly sourcePool?: string | undefined;
  /** The project of the source, where it is another one than the copy's. */
  readonly sourceProject?: string | undefined;
  /** Without snapshots. */
  readonly volumeOnly?: boolean | undefined;
  /** Bring an earlier copy up to date. */
  readonly refresh?: boolean | undefined;
  /** Instead of the source's. */
  readonly config?: Readonly<Record<string, string>> | undefined;
}

/** Which volume of a name is changed, and only while it is still as it was read. */
export interface VolumeMatchOptions extends MatchOptions {
  /** Default `custom`. */
  readonly type?: VolumeType | undefined;
}

/** The volumes of one pool. Where no `type` is given, `custom` is meant. */
export interface VolumesArea {
  /** Volumes of all types, snapshots among them (`volume/snapshot`). */
  list(options?: ListOptions): Promise<readonly Volume[]>;
  /** @throws {IncusApiError} `NOT_FOUND` */
  get(name: string, type?: VolumeType, options?: CallOptions): Promise<Volume>;
  /** With its ETag, for the `ifMatch` of a later change. */
  getTagged(name: string, type?: VolumeType, options?: CallOptions): Promise<Tagged<Volume>>;
  /** The bytes that it uses, as far as the pool's driver can tell. */
  state(name: string, type?: VolumeType, options?: CallOptions): Promise<VolumeState>;
  /** Makes a custom volume, empty or from the `source` given. */
  create(volume: VolumeCreate, options?: WaitOptions): OperationRun<void>;
  /** Replaces all that can be changed. */
  update(name: string, change: VolumeChange, options?: VolumeMatchOptions): Promise<void>;
  /** Changes only what is given; of `config`, only the keys given. */
  patch(name: string, change: VolumeChange, options?: VolumeMatchOptions): Promise<void>;
  /** Reads, changes and writes, again from the start when another client wrote in between (412). */
  modify(name: string, change: (volume: Volume) => VolumeChange, options?: CallOptions): Promise<void>;
  /** Gives a custom volume another name. */
  rename(name: string, newName: string, options?: WaitOptions): OperationRun<void>;
  /** Copies `source` (or `source/snapshot`) to a new volume of this pool. Between servers: {@link migrateVolume}. */
  copy(source: string, name: string, options?: VolumeCopyOptions): OperationRun<void>;
  /** Moves a volume to another pool or project of this server, with its snapshots. No instance may use it. */
  move(
    name: string,
    to: {
      readonly name?: string | undefined;
      readonly pool?: string | undefined;
      readonly project?: string | undefined;
    },
    options?: WaitOptions,
  ): OperationRun<void>;
  /** Offers a volume to another server; {@link migrateVolume} does the whole. */
  offerMigration(
    name: string,
    offer: { readonly volumeOnly: boolean },
    options?: WaitOptions,
  ): OperationRun<void>;
  /** No instance may use it. */
  delete(name: string, options?: CallOptions): Promise<void>;
  /** Makes a volume from a backup's tarball, of the backup's own name without one. */
  importBackup(
    tarball: Readable | Uint8Array,
    options?: WaitOptions & { readonly name?: string | undefined },
  ): OperationRun<void>;
  /** Makes a volume of an ISO image, for a virtual machine to boot from. */
  importIso(name: string, iso: Readable | Uint8Array, options?: WaitOptions): OperationRun<void>;
  /** The snapshots of one custom volume. */
  snapshots(volume: string): VolumeSnapshotsArea;
  /** The backups of one custom volume. */
  backups(volume: string): VolumeBackupsArea;
  /**
   * The files of custom volumes, whether an instance uses them or not; the first argument of each call is the volume. Since
   * the API extensions `file_storage_volume` and, for `sftp` and what stands on it, `custom_volume_sftp`; a server without them
   * is `EXTENSION_MISSING`.
   */
  readonly files: FilesArea;
}

export function volumesArea(scope: Scope, pool: string): VolumesArea {
  const collection = path`/1.0/storage-pools/${pool}/volumes`;
  const customs = `${collection}/custom`;
  const one = (name: string, type: VolumeType = 'custom') => `${collection}${path`/${type}/${name}`}`;
  const nothing = () => {};
  const getTagged = (name: string, type?: VolumeType, options: CallOptions = {}) =>
    scope.requestTagged<Volume>(one(name, type), options);
  const update = async (
    name: string,
    change: VolumeChange,
    { type, ...options }: VolumeMatchOptions = {},
  ) => {
    await scope.request('PUT', one(name, type), { ...options, json: change });
  };
  const post = (name: string, json: object, options: WaitOptions) =>
    scope.start('POST', one(name), { ...options, json }, nothing);
  const create = (volume: VolumeCreate, options: WaitOptions = {}) =>
    scope.start('POST', customs, { ...options, json: volume }, nothing);
  const upload = (
    body: Readable | Uint8Array,
    headers: Readonly<Record<string, string>>,
    options: WaitOptions,
  ) =>
    scope.start(
      'POST',
      customs,
      { ...options, body, headers: { 'content-type': 'application/octet-stream', ...headers } },
      nothing,
    );
  return {
    list: (options = {}) => scope.request('GET', collection, { ...options, query: listQuery(1, options) }),
    get: (name, type, options = {}) => scope.request('GET', one(name, type), options),
    getTagged,
    state: (name, type, options = {}) => scope.request('GET', `${one(name, type)}/state`, options),
    create,
    update,
    patch: (name, change, { type, ifMatch, ...options } = {}) =>
      patchOnly(
        { scope, path: one(name, type), signal: options.signal },
        () => getTagged(name, type, options),
        async ({ value: { description }, etag }) => {
          const json = { description, ...given(change) };
          await scope.request('PATCH', one(name, type), { ...options, json, ifMatch: etag });
        },
        ifMatch,
      ),
    modify: (name, change, options) =>
      modify(
        { scope, path: one(name), signal: options?.signal },
        () => getTagged(name, 'custom', options),
        ({ value, etag }) =>
          update(
            name,
            { config: value.config, description: value.description, ...given(change(value)) },
            { ...options, ifMatch: etag },
          ),
      ),
    rename: (name, newName, options = {}) => post(name, { name: newName }, options),
    copy: (source, name, options = {}) => {
      const { sourcePool = pool, sourceProject, volumeOnly, refresh, config, ...wait } = options;
      const from: VolumeCopySource = {
        type: 'copy',
        pool: sourcePool,
        name: source,
        project: sourceProject,
        volume_only: volumeOnly,
        refresh,
      };
      return create({ name, source: from, config }, wait);
    },
    move: (name, to, options = {}) => post(name, { name, pool, ...given(to) }, options),
    offerMigration: (name, { volumeOnly }, options = {}) =>
      post(name, { name, pool, migration: true, volume_only: volumeOnly }, options),
    async delete(name, options = {}) {
      await scope.request('DELETE', one(name), options);
    },
    importBackup: (tarball, { name, ...options } = {}) =>
      upload(tarball, name === undefined ? {} : { 'x-incus-name': name }, options),
    importIso: (name, iso, options = {}) =>
      upload(iso, { 'x-incus-name': name, 'x-incus-type': 'iso' }, options),
    snapshots: (volume) => volumeSnapshotsArea(scope, one(volume)),
    backups: (volume) => volumeBackupsArea(scope, one(volume)),
    files: filesArea(scope, {
      path: one,
      extensions: { files: 'file_storage_volume', sftp: 'custom_volume_sftp' },
    }),
  };
}
