/** An S3 bucket of a pool. */
export interface Bucket {
  readonly name: string;
  readonly description: string;
  readonly config: Readonly<Record<string, string>>;
  readonly s3_url: string;
  readonly location: string;
  readonly project?: string;
}

/** What can be changed of a bucket. */
export interface BucketChange {
  readonly config?: Readonly<Record<string, string>> | undefined;
  readonly description?: string | undefined;
}

/** A new bucket. */
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

/** What can be changed of a credential. */
export interface BucketKeyChange {
  readonly description?: string | undefined;
  readonly role?: 'admin' | 'read-only' | undefined;
  readonly 'access-key'?: string | undefined;
  readonly 'secret-key'?: string | undefined;
}

/** A new credential; what is not given is generated. */
export interface BucketKeyCreate extends BucketKeyChange {
  readonly name: string;
}
