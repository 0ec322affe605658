import type { Readable } from 'node:stream';
import type { OperationRun, WaitOptions } from '../follow/operation-run.ts';
import type { CallOptions } from '../api/call-options.ts';
import type { Scope } from '../scope.ts';
import type { BackupTarget } from '../api/backup-target.ts';

/** The backups of one instance or volume: tarballs that its area's `importBackup` makes new ones from. */
export interface Backups<Backup, Create> {
  /** All backups that the daemon keeps of it. */
  list(options?: CallOptions): Promise<readonly Backup[]>;
  /** @throws {IncusApiError} `NOT_FOUND` */
  get(name: string, options?: CallOptions): Promise<Backup>;
  /** Makes a backup, which the daemon keeps until it is deleted or expires. */
  create(backup: Create, options?: WaitOptions): OperationRun<void>;
  /** Gives a backup another name. */
  rename(name: string, newName: string, options?: WaitOptions): OperationRun<void>;
  /** Removes a backup from the server. */
  delete(name: string, options?: WaitOptions): OperationRun<void>;
  /** The tarball; the stream must be read to its end or destroyed. */
  export(name: string, options?: CallOptions): Promise<Readable>;
}

/** `owner` is the path of the instance or volume. */
export function backupsOf<Backup, Create extends { readonly target?: BackupTarget | undefined }>(
  scope: Scope,
  owner: string,
): Backups<Backup, Create> {
  const collection = `${owner}/backups`;
  const one = (name: string) => `${collection}/${encodeURIComponent(name)}`;
  const nothing = () => {};
  return {
    list: (options = {}) => scope.request('GET', collection, { ...options, query: { recursion: 1 } }),
    get: (name, options = {}) => scope.request('GET', one(name), options),
    create: (backup, options = {}) => {
      // Without it a server (6.0.4) keeps the backup, and calls that a success.
      const extension = backup.target === undefined ? undefined : 'backup_s3_upload';
      return scope.start('POST', collection, { ...options, json: backup, extension }, nothing);
    },
    rename: (name, newName, options = {}) =>
      scope.start('POST', one(name), { ...options, json: { name: newName } }, nothing),
    delete: (name, options = {}) => scope.start('DELETE', one(name), options, nothing),
    async export(name, options = {}) {
      const { body } = await scope.rawStream('GET', `${one(name)}/export`, options);
      return body;
    },
  };
}
