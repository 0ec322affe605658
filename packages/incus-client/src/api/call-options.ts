/** What every call of this package takes. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** A resource with the ETag of its present state. */
export interface Tagged<T> {
  readonly value: T;
  readonly etag: string;
}
