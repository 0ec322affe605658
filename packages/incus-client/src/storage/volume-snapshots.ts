import type { OperationRun, WaitOptions } from '../follow/operation-run.ts';
import type { CallOptions } from '../api/call-options.ts';
import type { Scope } from '../scope.ts';
import type { VolumeSnapshot, VolumeSnapshotChange, VolumeSnapshotCreate } from './volume-types.ts';

/** The snapshots of one custom volume. */
export interface VolumeSnapshotsArea {
  /** All of them; their names are without that of the volume. */
  list(options?: CallOptions): Promise<readonly VolumeSnapshot[]>;
  /** @throws {IncusApiError} `NOT_FOUND` */
  get(name: string, options?: CallOptions): Promise<VolumeSnapshot>;
  /** Makes a snapshot of what the volume holds now. */
  create(snapshot: VolumeSnapshotCreate, options?: WaitOptions): OperationRun<void>;
  /** Replaces its description and when it expires; the rest of a snapshot is fixed. */
  update(name: string, change: VolumeSnapshotChange, options?: CallOptions): Promise<void>;
  /** Gives a snapshot another name. */
  rename(name: string, newName: string, options?: WaitOptions): OperationRun<void>;
  /** Deletes a snapshot; the volume stays as it is. */
  delete(name: string, options?: WaitOptions): OperationRun<void>;
  /** Puts the volume back to it. No running instance may use the volume. */
  restore(name: string, options?: CallOptions): Promise<void>;
}

/** `volume` is the volume's path. */
export function volumeSnapshotsArea(scope: Scope, volume: string): VolumeSnapshotsArea {
  const collection = `${volume}/snapshots`;
  const at = (name: string) => `${collection}/${encodeURIComponent(name)}`;
  const nothing = () => {};
  return {
    async list(options = {}) {
      const snapshots = await scope.request<readonly VolumeSnapshot[]>('GET', collection, {
        ...options,
        query: { recursion: 1 },
      });
      // One by itself is called `snapshot`, and in a list `volume/snapshot` (6.0.4, 7.0.2).
      return snapshots.map((one) => ({ ...one, name: one.name.slice(one.name.indexOf('/') + 1) }));
    },
    get: (name, options = {}) => scope.request('GET', at(name), options),
    create: (snapshot, options = {}) =>
      scope.start('POST', collection, { ...options, json: snapshot }, nothing),
    async update(name, change, options = {}) {
      await scope.request('PUT', at(name), { ...options, json: change });
    },
    rename: (name, newName, options = {}) =>
      scope.start('POST', at(name), { ...options, json: { name: newName } }, nothing),
    delete: (name, options = {}) => scope.start('DELETE', at(name), options, nothing),
    async restore(name, options = {}) {
      await scope.request('PUT', volume, { ...options, json: { restore: name } });
    },
  };
}
