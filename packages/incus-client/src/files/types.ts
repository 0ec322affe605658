/** Who owns a file in an instance and what may be done with it. */
export interface FileAttributes {
  readonly uid: number;
  readonly gid: number;
  /** Permission bits, e.g. `0o644`; set-uid, set-gid and sticky included. */
  readonly mode: number;
  /** `other`: a pipe, a socket or a device, as an SFTP session tells; the files endpoint takes these for a `file`. */
  readonly type: 'file' | 'directory' | 'symlink' | 'other';
}

/** How a file is put into an instance. */
export interface PutFileOptions {
  /**
   * Make the folders on the way that are missing: `true` for root's with mode `0o755`, or with an owner and mode of their own,
   * apart from the file's.
   */
  readonly createDirectories?: boolean | WriteFileAttributes | undefined;
}

/** What a file is written from: bytes, text, or chunks of either as they come. */
export type FileContent =
  | string
  | Uint8Array
  | Iterable<string | Uint8Array>
  | AsyncIterable<string | Uint8Array>;

/** How a file is written. */
export interface WriteFileAttributes {
  /** Default 0. */
  readonly uid?: number | undefined;
  /** Default 0. */
  readonly gid?: number | undefined;
  /** Permission bits; default `0o644` for a file, `0o755` for a directory. */
  readonly mode?: number | undefined;
}
