export interface AsyncQueueOptions<T> {
  /** Items held for a reader that is behind. Default: no limit. */
  readonly limit?: number | undefined;
  /** Makes the item that tells the reader, after those it was behind with, how many were dropped at the limit. */
  readonly dropped?: ((count: number) => T) | undefined;
}

/** Items from a producer that never waits to one reader, in order. */
export class AsyncQueue<T> implements AsyncIterable<T> {
  readonly #limit: number;
  readonly #dropped: ((count: number) => T) | undefined;
  #waiting: T[] = [];
  #missed = 0;
  #end: { readonly error?: unknown } | undefined;
  #wake: () => void = () => {};

  constructor({ limit = Number.POSITIVE_INFINITY, dropped }: AsyncQueueOptions<T> = {}) {
    this.#limit = limit;
    this.#dropped = dropped;
  }

  push(item: T): void {
    if (this.#end !== undefined) return;
    if (this.#waiting.length < this.#limit) this.#waiting.push(item);
    else this.#missed += 1;
    this.#wake();
  }

  /** The reader ends when it has read what waits. What is pushed later is ignored. */
  end(): void {
    this.#end ??= {};
    this.#wake();
  }

  /** As `end`, but the reader then throws `error`. */
  fail(error: unknown): void {
    this.#end ??= { error };
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      yield* this.#take();
      if (this.#waiting.length > 0 || this.#missed > 0) continue;
      if (this.#end !== undefined) {
        if ('error' in this.#end) throw this.#end.error;
        return;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #take(): T[] {
    const batch = this.#waiting;
    this.#waiting = [];
    if (this.#missed > 0 && this.#dropped !== undefined) batch.push(this.#dropped(this.#missed));
    this.#missed = 0;
    return batch;
  }
}
