/** Work that goes on beside the one who started it: its end can be waited for, and its failure is told, never lost. */
export class Background {
  readonly #tasks = new Set<Promise<void>>();
  readonly #onFailure: (error: unknown) => void;

  constructor(onFailure: (error: unknown) => void) {
    this.#onFailure = onFailure;
  }

  run(work: () => Promise<unknown>): void {
    const task = work()
      .then(() => undefined, this.#onFailure)
      .finally(() => this.#tasks.delete(task));
    this.#tasks.add(task);
  }

  /** Waits until nothing is under way, what was started meanwhile included. */
  async settled(): Promise<void> {
    while (this.#tasks.size > 0) await Promise.all(this.#tasks);
  }
}
