import type { BackupTarget } from '../api/backup-target.ts';
import { type Backups, backupsOf } from '../resource/backups.ts';
import type { Scope } from '../scope.ts';
import { path } from '../api/path.ts';
import type { InstanceBackup } from './types.ts';

/** A new backup. */
export interface BackupCreate {
  readonly name: string;
  readonly expires_at?: string | undefined;
  /** Without snapshots. */
  readonly instance_only?: boolean | undefined;
  /** In the pool's own format: faster, and only for pools of the same driver. */
  readonly optimized_storage?: boolean | undefined;
  /** E.g. `gzip`, `zstd` or `none`. */
  readonly compression_algorithm?: string | undefined;
  /** Without the other disks; since Incus 7.0. */
  readonly root_only?: boolean | undefined;
  /** Where the daemon uploads it instead of keeping it. A server without `backup_s3_upload` is `EXTENSION_MISSING`. */
  readonly target?: BackupTarget | undefined;
}

/** The backups of one instance: tarballs that {@link InstancesArea.importBackup} makes instances from. */
export type BackupsArea = Backups<InstanceBackup, BackupCreate>;

export function backupsArea(scope: Scope, instance: string): BackupsArea {
  return backupsOf(scope, path`/1.0/instances/${instance}`);
}
