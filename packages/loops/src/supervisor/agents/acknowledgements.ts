/** How many prompts that no caller waited for are remembered. */
const remembered = 20;

/** The prompts that an agent has said it took, and those who wait for that. */
export class Acknowledgements {
  readonly #isSame: (given: string, taken: string) => boolean;
  readonly #waiting = new Set<{ readonly text: string; readonly done: () => void }>();
  #unclaimed: string[] = [];

  constructor(isSame: (given: string, taken: string) => boolean) {
    this.#isSame = isSame;
  }

  /** The agent took a prompt. @returns whether a caller waited for it. */
  take(text: string): boolean {
    const waiter = [...this.#waiting].find((one) => this.#isSame(one.text, text));
    if (waiter === undefined) {
      this.#unclaimed = [...this.#unclaimed, text].slice(-remembered);
      return false;
    }
    this.#waiting.delete(waiter);
    waiter.done();
    return true;
  }

  /** A new run of the agent has taken nothing yet, and what it takes is not what the one before was given. */
  forget(): void {
    this.#waiting.clear();
    this.#unclaimed = [];
  }

  /**
   * Waits until the agent takes a text from now on, or, with `before`, has taken it already.
   *
   * @returns the promise, and what ends the waiting when no acknowledgement came.
   */
  wait(text: string, before = false): { readonly taken: Promise<void>; readonly giveUp: () => void } {
    const { promise, resolve } = withResolvers();
    const known = before ? this.#unclaimed.findIndex((one) => this.#isSame(text, one)) : -1;
    if (known !== -1) {
      this.#unclaimed.splice(known, 1);
      resolve();
      return { taken: promise, giveUp: () => {} };
    }
    const waiter = { text, done: resolve };
    this.#waiting.add(waiter);
    return { taken: promise, giveUp: () => void this.#waiting.delete(waiter) };
  }
}

function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}
