import type { Readable } from 'node:stream';
import { IncusApiError } from '../errors.ts';
import type { OperationRun, WaitOptions } from '../follow/operation-run.ts';
import type { AccessEntry } from '../api/access.ts';
import { path } from '../api/path.ts';
import type { CallOptions, Tagged } from '../api/call-options.ts';
import type { Scope } from '../scope.ts';
import { given } from '../api/given.ts';
import { type ListOptions, listQuery } from '../api/list-options.ts';
import { modify, patchOnly } from '../resource/modify.ts';
import { type BackupsArea, backupsArea } from './backups.ts';
import { type LogsArea, type MetadataArea, logsArea, metadataArea } from './metadata.ts';
import { type CopyOptions, copyInstance, offerMigration } from './move.ts';
import { type SnapshotsArea, snapshotsArea } from './snapshots.ts';
import type {
  Instance,
  InstanceChange,
  InstanceCreate,
  InstanceFull,
  InstanceSource,
  InstanceState,
  InstanceStateChange,
} from './types.ts';

/** How an instance is stopped or restarted. */
export interface StopOptions extends WaitOptions {
  /** Do not ask: kill. */
  readonly force?: boolean | undefined;
  /** Milliseconds the guest may take to shut down before the operation fails; the daemon counts whole seconds. Default: no limit. */
  readonly shutdownTimeout?: number | undefined;
}

/** Instances: containers and virtual machines. */
export interface InstancesArea {
  /** All instances of the project, or those that the filter of `options` lets pass. */
  list(options?: ListOptions): Promise<readonly Instance[]>;
  /** With state, snapshots and backups: one request for all, but dearer for the daemon. */
  listFull(options?: ListOptions): Promise<readonly InstanceFull[]>;
  /** @throws {IncusApiError} `NOT_FOUND` */
  get(name: string, options?: CallOptions): Promise<Instance>;
  /** With its ETag, for the `ifMatch` of a later change. */
  getTagged(name: string, options?: CallOptions): Promise<Tagged<Instance>>;
  /** With its state, snapshots and backups, in one request. */
  getFull(name: string, options?: CallOptions): Promise<InstanceFull>;
  /** Whether there is one of that name. An unreachable server rejects: it is never an absence. */
  exists(name: string, options?: CallOptions): Promise<boolean>;
  /** @throws {OperationError} `ALREADY_EXISTS`, or `NOT_FOUND` for an unknown image alias. */
  create(instance: InstanceCreate, options?: WaitOptions): OperationRun<void>;
  /**
   * Makes an instance and starts it, as `incus launch` does; {@link operationProgress} reads from `progress()` how far the
   * download of its image is.
   */
  launch(instance: Omit<InstanceCreate, 'start'>, options?: WaitOptions): OperationRun<void>;
  /** Replaces all that can be changed. With `ifMatch`, only while the instance is still as it was read. */
  update(
    name: string,
    change: InstanceChange,
    options?: WaitOptions & { readonly ifMatch?: string | undefined },
  ): OperationRun<void>;
  /** Changes only what is given; of `config` and `devices`, only the keys given. */
  patch(
    name: string,
    change: InstanceChange,
    options?: CallOptions & { readonly ifMatch?: string | undefined },
  ): Promise<void>;
  /** Reads, changes and writes, again from the start when another client wrote in between (412). */
  modify(name: string, change: (instance: Instance) => InstanceChange, options?: CallOptions): Promise<void>;
  /** It must be stopped. */
  rename(name: string, newName: string, options?: WaitOptions): OperationRun<void>;
  /** It must be stopped. */
  delete(name: string, options?: WaitOptions): OperationRun<void>;
  /** What it uses and does now: status, CPU time, memory, disks, addresses, processes. */
  state(name: string, options?: CallOptions): Promise<InstanceState>;
  /** Starts, stops, restarts, freezes or unfreezes it, as `change.action` says. */
  setState(name: string, change: InstanceStateChange, options?: WaitOptions): OperationRun<void>;
  /** Changes the state of all instances of the project at once. */
  setStateOfAll(change: InstanceStateChange, options?: WaitOptions): OperationRun<void>;
  /** Who may do what with an instance. */
  access(name: string, options?: CallOptions): Promise<readonly AccessEntry[]>;
  /** Starts a stopped instance. That it runs does not mean that its system is up: see {@link waitReady}. */
  start(name: string, options?: WaitOptions): OperationRun<void>;
  /** Asks the guest to shut down and waits until it has; with `force`, kills it. */
  stop(name: string, options?: StopOptions): OperationRun<void>;
  /** Stops the instance as `stop` does, and starts it again. */
  restart(name: string, options?: StopOptions): OperationRun<void>;
  /** Puts a fresh image, or nothing (`{ type: 'none' }`), in place of the root disk of a stopped instance. */
  rebuild(name: string, source: InstanceSource, options?: WaitOptions): OperationRun<void>;
  /** Copies `source` (or `source/snapshot`) to a new instance of this server. Between servers: {@link migrateInstance}. */
  copy(source: string, name: string, options?: CopyOptions): OperationRun<void>;
  /** Offers an instance to another server; {@link migrateInstance} does the whole. */
  offerMigration(
    name: string,
    offer: { readonly live: boolean; readonly instanceOnly: boolean },
    options?: WaitOptions,
  ): OperationRun<void>;
  /** Moves an instance to another cluster member (the scope's target), pool or project of this server. */
  move(
    name: string,
    to: {
      readonly name?: string | undefined;
      readonly pool?: string | undefined;
      readonly project?: string | undefined;
    },
    options?: WaitOptions,
  ): OperationRun<void>;
  /** Makes an instance from a backup's tarball. */
  importBackup(
    tarball: Readable | Uint8Array,
    options?: WaitOptions & { readonly name?: string | undefined; readonly pool?: string | undefined },
  ): OperationRun<void>;
  /** The snapshots of one instance. */
  snapshots(instance: string): SnapshotsArea;
  /** The backups of one instance. */
  backups(instance: string): BackupsArea;
  /** The image metadata and file templates of one instance. */
  metadata(instance: string): MetadataArea;
  /** The logs that the daemon keeps of one instance. */
  logs(instance: string): LogsArea;
}

const collection = '/1.0/instances';

export function instancesArea(scope: Scope): InstancesArea {
  const nothing = () => {};
  const setState = (name: string, change: InstanceStateChange, options: WaitOptions) =>
    scope.start('PUT', path`/1.0/instances/${name}/state`, { ...options, json: change }, nothing);
  const stopLike = (
    action: 'stop' | 'restart',
    name: string,
    { force, shutdownTimeout, ...options }: StopOptions,
  ) => setState(name, { action, force: force ?? false, timeout: seconds(shutdownTimeout) }, options);
  const get = (name: string, options: CallOptions = {}) =>
    scope.request<Instance>('GET', path`/1.0/instances/${name}`, options);
  const update = (
    name: string,
    change: InstanceChange,
    options: WaitOptions & { readonly ifMatch?: string | undefined } = {},
  ) => scope.start('PUT', path`/1.0/instances/${name}`, { ...options, json: change }, nothing);
  const getTagged = (name: string, options: CallOptions = {}) =>
    scope.requestTagged<Instance>(path`/1.0/instances/${name}`, options);

  return {
    list: (options = {}) => scope.request('GET', collection, { ...options, query: listQuery(1, options) }),
    listFull: (options = {}) =>
      scope.request('GET', collection, { ...options, query: listQuery(2, options) }),
    get,
    getTagged,
    getFull: (name, options = {}) =>
      scope.request('GET', path`/1.0/instances/${name}`, { ...options, query: { recursion: 1 } }),
    async exists(name, options) {
      try {
        await get(name, options);
        return true;
      } catch (error) {
        if (error instanceof IncusApiError && error.status === 404) return false;
        throw error;
      }
    },
    create: (instance, options = {}) =>
      scope.start('POST', collection, { ...options, json: instance }, nothing),
    launch: (instance, options = {}) =>
      scope.start('POST', collection, { ...options, json: { ...instance, start: true } }, nothing),
    update,
    patch: (name, change, { ifMatch, ...options } = {}) =>
      patchOnly(
        { scope, path: path`/1.0/instances/${name}`, signal: options.signal },
        () => getTagged(name, options),
        async ({ value: { description }, etag }) => {
          const json = { description, ...given(change) };
          await scope.request('PATCH', path`/1.0/instances/${name}`, { ...options, json, ifMatch: etag });
        },
        ifMatch,
      ),
    modify: (name, change, options) =>
      modify(
        { scope, path: path`/1.0/instances/${name}`, signal: options?.signal },
        () => getTagged(name, options),
        async ({ value, etag }) => {
          const { architecture, config, devices, profiles, ephemeral, description } = value;
          const before = { architecture, config, devices, profiles, ephemeral, description };
          await update(
            name,
            { ...before, ...given(change(value)) },
            { signal: options?.signal, ifMatch: etag },
          );
        },
      ),
    rename: (name, newName, options = {}) =>
      scope.start('POST', path`/1.0/instances/${name}`, { ...options, json: { name: newName } }, nothing),
    delete: (name, options = {}) => scope.start('DELETE', path`/1.0/instances/${name}`, options, nothing),
    state: (name, options = {}) => scope.request('GET', path`/1.0/instances/${name}/state`, options),
    setState: (name, change, options = {}) => setState(name, change, options),
    setStateOfAll: (change, options = {}) =>
      scope.start('PUT', collection, { ...options, json: { state: change } }, nothing),
    async access(name, options = {}) {
      return (
        (await scope.request<readonly AccessEntry[] | null>(
          'GET',
          path`/1.0/instances/${name}/access`,
          options,
        )) ?? []
      );
    },
    start: (name, options = {}) => setState(name, { action: 'start', timeout: -1 }, options),
    stop: (name, options = {}) => stopLike('stop', name, options),
    restart: (name, options = {}) => stopLike('restart', name, options),
    rebuild: (name, source, options = {}) =>
      scope.start('POST', path`/1.0/instances/${name}/rebuild`, { ...options, json: { source } }, nothing),
    copy: (source, name, options = {}) => copyInstance(scope, source, name, options),
    offerMigration: (name, offer, options = {}) => offerMigration(scope, name, offer, options),
    move: (name, to, options = {}) =>
      scope.start(
        'POST',
        path`/1.0/instances/${name}`,
        { ...options, json: { migration: true, name, ...given(to) } },
        nothing,
      ),
    importBackup: (tarball, { name, pool, ...options } = {}) =>
      scope.start(
        'POST',
        collection,
        {
          ...options,
          body: tarball,
          headers: {
            'content-type': 'application/octet-stream',
            'x-incus-name': name,
            'x-incus-pool': pool,
          },
        },
        nothing,
      ),
    snapshots: (instance) => snapshotsArea(scope, instance),
    backups: (instance) => backupsArea(scope, instance),
    metadata: (instance) => metadataArea(scope, instance),
    logs: (instance) => logsArea(scope, instance),
  };
}

/** -1: no limit. */
function seconds(milliseconds: number | undefined): number {
  return milliseconds === undefined ? -1 : Math.ceil(milliseconds / 1000);
}
