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

export interface VolumeChange {
  readonly config?: Readonly<Record<string, string>>;
  readonly description?: string;
  /** Put it back to this snapshot; alone. */
  readonly restore?: string;
}

export interface VolumeCreate {
  readonly name: string;
  readonly content_type?: 'filesystem' | 'block';
  readonly config?: Readonly<Record<string, string>>;
  readonly description?: string;
  /** Make it a copy. */
  readonly source?: VolumeCopySource;
}

export interface VolumeCopySource {
  readonly type: 'copy';
  readonly pool: string;
  /** `volume`, or `volume/snapshot`. */
  readonly name: string;
  readonly project?: string;
  readonly volume_only?: boolean;
  readonly refresh?: boolean;
}

/** Bytes. */
export interface VolumeState {
  readonly usage: { readonly used: number; readonly total: number } | null;
}

export interface VolumeSnapshot {
  readonly name: string;
  readonly description: string;
  readonly content_type: string;
  readonly config: Readonly<Record<string, string>>;
  readonly created_at: string;
  readonly expires_at: string | null;
}

export interface VolumeSnapshotChange {
  readonly description?: string;
  readonly expires_at?: string | null;
}

export interface VolumeSnapshotCreate {
  readonly name: string;
  readonly expires_at?: string;
}

export interface VolumeBackup {
  readonly name: string;
  readonly created_at: string;
  readonly expires_at: string;
  readonly optimized_storage: boolean;
  readonly volume_only: boolean;
}

export interface VolumeBackupCreate {
  readonly name: string;
  readonly expires_at?: string;
  readonly compression_algorithm?: string;
  readonly optimized_storage?: boolean;
  readonly volume_only?: boolean;
}
