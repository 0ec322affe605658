/** An S3 bucket that the daemon uploads a backup to. */
export interface BackupTarget {
  readonly protocol: 's3';
  readonly url: string;
  readonly bucket_name: string;
  readonly path: string;
  readonly access_key: string;
  readonly secret_key: string;
}
