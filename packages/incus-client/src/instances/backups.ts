import type { Readable } from 'node:stream';
import type { OperationRun, WaitOptions } from '../operations/operation-run.ts';
import type { CallOptions, Scope } from '../scope.ts';
import { path } from '../transport/path.ts';
import type { InstanceBackup } from './types.ts';

/** A new backup. */
export interface BackupCreate {
  readonly name: string;
  readonly expires_at?: string;
  /** Without snapshots. */
  readonly instance_only?: boolean;
  /** In the pool's own format: faster, and only for pools of the same driver. */
  readonly optimized_storage?: boolean;
  /** E.g. `gzip`, `zstd` or `none`. */
  readonly compression_algorithm?: string;
}

/** The backups of one instance: tarballs that {@link InstancesArea.importBackup} makes instances from. */
export interface BackupsArea {
  list(options?: CallOptions): Promise<readonly InstanceBackup[]>;
  get(name: string, options?: CallOptions): Promise<InstanceBackup>;
  create(backup: BackupCreate, options?: WaitOptions): OperationRun<void>;
  rename(name: string, newName: string, options?: WaitOptions): OperationRun<void>;
  delete(name: string, options?: WaitOptions): OperationRun<void>;
  /** The tarball; the stream must be read to its end or destroyed. */
  export(name: string, options?: CallOptions): Promise<Readable>;
}

export function backupsArea(scope: Scope, instance: string): BackupsArea {
  const collection = path`/1.0/instances/${instance}/backups`;
  const one = (name: string) => `${collection}/${encodeURIComponent(name)}`;
  const nothing = () => {};
  return {
    list: (options = {}) => scope.request('GET', collection, { ...options, query: { recursion: 1 } }),
    get: (name, options = {}) => scope.request('GET', one(name), options),
    create: (backup, options = {}) => scope.start('POST', collection, { ...options, json: backup }, nothing),
    rename: (name, newName, options = {}) =>
      scope.start('POST', one(name), { ...options, json: { name: newName } }, nothing),
    delete: (name, options = {}) => scope.start('DELETE', one(name), options, nothing),
    async export(name, options = {}) {
      const { body } = await scope.rawStream('GET', `${one(name)}/export`, options);
      return body;
    },
  };
}
