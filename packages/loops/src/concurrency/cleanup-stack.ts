/** What must be released in reverse order. Node 20 has no `AsyncDisposableStack`; this is the part of it we need. */
export class CleanupStack implements AsyncDisposable {
  #actions: (() => unknown)[] = [];

  use<T extends AsyncDisposable | Disposable>(resource: T): T {
    this.#actions.push(() =>
      Symbol.asyncDispose in resource ? resource[Symbol.asyncDispose]() : resource[Symbol.dispose](),
    );
    return resource;
  }

  defer(action: () => unknown): void {
    this.#actions.push(action);
  }

  /** Hands everything over to a new stack, so that the end of this one releases nothing. */
  move(): CleanupStack {
    const moved = new CleanupStack();
    moved.#actions = this.#actions.splice(0);
    return moved;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const action of this.#actions.splice(0).toReversed()) await action();
  }
}
