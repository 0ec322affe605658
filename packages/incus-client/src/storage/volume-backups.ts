import { type Backups, backupsOf } from '../resource/backups.ts';
import type { Scope } from '../scope.ts';
import type { VolumeBackup, VolumeBackupCreate } from './volume-types.ts';

/** The backups of one custom volume: tarballs that {@link VolumesArea.importBackup} makes volumes from. */
export type VolumeBackupsArea = Backups<VolumeBackup, VolumeBackupCreate>;

/** `volume` is the volume's path. */
export function volumeBackupsArea(scope: Scope, volume: string): VolumeBackupsArea {
  return backupsOf(scope, volume);
}
