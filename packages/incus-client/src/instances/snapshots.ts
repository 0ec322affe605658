import type { OperationRun, WaitOptions } from '../follow/operation-run.ts';
import type { CallOptions } from '../api/call-options.ts';
import type { Scope } from '../scope.ts';
import { path } from '../api/path.ts';
import type { InstanceSnapshot } from './types.ts';

/** A new snapshot. */
export interface SnapshotCreate {
  readonly name: string;
  /** With the memory of a running instance. */
  readonly stateful?: boolean | undefined;
  /** When the daemon may delete it. */
  readonly expires_at?: string | undefined;
}

/** How an instance is put back to a snapshot. */
export interface RestoreOptions extends WaitOptions {
  /** With its memory. */
  readonly stateful?: boolean | undefined;
  /**
   * The disk alone: configuration and devices stay as they are. A server without the API extension
   * `instance_snapshot_disk_only_restore` (Incus 7.0 has it, 6.0 has not) is `EXTENSION_MISSING`: it would restore all.
   */
  readonly diskOnly?: boolean | undefined;
}

/** The snapshots of one instance. */
export interface SnapshotsArea {
  /** All snapshots of the instance. */
  list(options?: CallOptions): Promise<readonly InstanceSnapshot[]>;
  /** @throws {IncusApiError} `NOT_FOUND` */
  get(name: string, options?: CallOptions): Promise<InstanceSnapshot>;
  /** Makes a snapshot of the instance's disk and configuration; with `stateful`, of its memory too. */
  create(snapshot: SnapshotCreate, options?: WaitOptions): OperationRun<void>;
  /** Changes when it expires; the rest of a snapshot is fixed. */
  update(name: string, change: { readonly expires_at: string }, options?: WaitOptions): OperationRun<void>;
  /** Gives a snapshot another name. */
  rename(name: string, newName: string, options?: WaitOptions): OperationRun<void>;
  /** Deletes a snapshot; the instance stays as it is. */
  delete(name: string, options?: WaitOptions): OperationRun<void>;
  /** Puts the instance back to it. */
  restore(name: string, options?: RestoreOptions): OperationRun<void>;
}

export function snapshotsArea(scope: Scope, instance: string): SnapshotsArea {
  const collection = path`/1.0/instances/${instance}/snapshots`;
  const one = (name: string) => `${collection}/${encodeURIComponent(name)}`;
  const nothing = () => {};
  return {
    list: (options = {}) => scope.request('GET', collection, { ...options, query: { recursion: 1 } }),
    get: (name, options = {}) => scope.request('GET', one(name), options),
    create: (snapshot, options = {}) =>
      scope.start('POST', collection, { ...options, json: snapshot }, nothing),
    update: (name, change, options = {}) =>
      scope.start('PUT', one(name), { ...options, json: change }, nothing),
    rename: (name, newName, options = {}) =>
      scope.start('POST', one(name), { ...options, json: { name: newName } }, nothing),
    delete: (name, options = {}) => scope.start('DELETE', one(name), options, nothing),
    restore: (name, { stateful = false, diskOnly, ...options } = {}) =>
      scope.start(
        'PUT',
        path`/1.0/instances/${instance}`,
        {
          ...options,
          json: { restore: name, stateful, disk_only: diskOnly },
          extension: diskOnly === true ? 'instance_snapshot_disk_only_restore' : undefined,
        },
        nothing,
      ),
  };
}
