/** One at a time for each name, in the order in which they asked. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  async take<T>(name: string, action: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(name) ?? Promise.resolve()).then(action, action);
    this.#last.set(name, turn);
    return turn;
  }
}
