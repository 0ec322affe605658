import type { Readable } from 'node:stream';
import type { OperationRun, WaitOptions } from '../operations/operation-run.ts';
import type { CallOptions, Scope } from '../scope.ts';
import type { VolumeBackup, VolumeBackupCreate } from './volume-types.ts';

/** The backups of one custom volume: tarballs that {@link VolumesArea.importBackup} makes volumes from. */
export interface VolumeBackupsArea {
  list(options?: CallOptions): Promise<readonly VolumeBackup[]>;
  /** @throws {IncusApiError} `NOT_FOUND` */
  get(name: string, options?: CallOptions): Promise<VolumeBackup>;
  create(backup: VolumeBackupCreate, options?: WaitOptions): OperationRun<void>;
  rename(name: string, newName: string, options?: WaitOptions): OperationRun<void>;
  delete(name: string, options?: WaitOptions): OperationRun<void>;
  /** The tarball; the stream must be read to its end or destroyed. */
  export(name: string, options?: CallOptions): Promise<Readable>;
}

/** `volume` is the volume's path. */
export function volumeBackupsArea(scope: Scope, volume: string): VolumeBackupsArea {
  const collection = `${volume}/backups`;
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
