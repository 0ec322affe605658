import type { PullSource } from '../api/pull-source.ts';
import type { BackupTarget } from '../api/backup-target.ts';

/** What a volume belongs to; `custom` ones are made by people. */
export type VolumeType = 'custom' | 'container' | 'virtual-machine' | 'image';

/** A volume (`GET /1.0/storage-pools/{pool}/volumes/{type}/{name}`). */
export interface Volume {
  readonly name: string;
  readonly type: VolumeType;
  readonly content_type: 'filesystem' | 'block' | 'iso';
  readonly description: string;
  readonly config: Readonly<Record<string, string>>;
  readonly used_by: readonly string[] | null;
  readonly location: string;
  readonly project: string;
  readonly created_at: string;
}

/** What can be changed of a volume. */
export interface VolumeChange {
  readonly config?: Readonly<Record<string, string>> | undefined;
  readonly description?: string | undefined;
}

/** A new custom volume (`POST /1.0/storage-pools/{pool}/volumes/custom`). */
export interface VolumeCreate {
  readonly name: string;
  /** Default `filesystem`. `iso` only of what is migrated: {@link VolumesArea.importIso} makes one. */
  readonly content_type?: Volume['content_type'] | undefined;
  readonly config?: Readonly<Record<string, string>> | undefined;
  readonly description?: string | undefined;
  /** What is in it; default: nothing. */
  readonly source?: VolumeSource | undefined;
}

/** What a new volume is made from. */
export type VolumeSource = VolumeCopySource | VolumePullSource;

/** A volume of the same server. */
export interface VolumeCopySource {
  readonly type: 'copy';
  readonly pool: string;
  /** `volume`, or `volume/snapshot`. */
  readonly name: string;
  readonly project?: string | undefined;
  readonly volume_only?: boolean | undefined;
  readonly refresh?: boolean | undefined;
  readonly refresh_exclude_older?: boolean | undefined;
}

/** What another server offers; see {@link migrateVolume}. */
export interface VolumePullSource extends PullSource {
  readonly volume_only?: boolean | undefined;
  readonly refresh?: boolean | undefined;
}

/** Bytes (`GET …/state`). */
export interface VolumeState {
  readonly usage: { readonly used: number; readonly total: number } | null;
}

/** A snapshot of a custom volume. */
export interface VolumeSnapshot {
  readonly name: string;
  readonly description: string;
  readonly content_type: string;
  readonly config: Readonly<Record<string, string>>;
  readonly created_at: string;
  readonly expires_at: string | null;
}

/** What can be changed of a snapshot. */
export interface VolumeSnapshotChange {
  readonly description?: string | undefined;
  readonly expires_at?: string | null | undefined;
}

/** A new snapshot. */
export interface VolumeSnapshotCreate {
  readonly name: string;
  readonly expires_at?: string | undefined;
}

/** A backup of a custom volume, kept by the daemon until it is deleted or expires. */
export interface VolumeBackup {
  readonly name: string;
  readonly created_at: string;
  readonly expires_at: string;
  readonly optimized_storage: boolean;
  readonly volume_only: boolean;
}

/** A new backup. */
export interface VolumeBackupCreate {
  readonly name: string;
  readonly expires_at?: string | undefined;
  /** E.g. `gzip`, `zstd` or `none`. */
  readonly compression_algorithm?: string | undefined;
  /** In the pool's own format: faster, and only for pools of the same driver. */
  readonly optimized_storage?: boolean | undefined;
  /** Without snapshots. */
  readonly volume_only?: boolean | undefined;
  /** Where the daemon uploads it instead of keeping it. A server without `backup_s3_upload` is `EXTENSION_MISSING`. */
  readonly target?: BackupTarget | undefined;
}
