/** An S3 bucket of a pool. */
export interface Bucket {
  readonly name: string;
  readonly description: string;
  readonly config: Readonly<Record<string, string>>;
  readonly s3_url: string;
  readonly location: string;
  readonly project?: string;
}

export interface BucketChange {
  readonly config?: Readonly<Record<string, string>>;
  readonly description?: string;
}

export interface BucketCreate extends BucketChange {
  readonly name: string;
}

/** A credential of a bucket. */
export interface BucketKey {
  readonly name: string;
  readonly description: string;
  readonly role: 'admin' | 'read-only';
  readonly 'access-key': string;
  readonly 'secret-key': string;
}

export interface BucketKeyChange {
  readonly description?: string;
  readonly role?: 'admin' | 'read-only';
  readonly 'access-key'?: string;
  readonly 'secret-key'?: string;
}

export interface BucketKeyCreate extends BucketKeyChange {
  readonly name: string;
}
