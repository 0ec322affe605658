/** A pause that can be ended early. An end that comes while there is no pause ends the next pause. */
export class Nap {
  #woken = false;
  #wake: () => void = () => {
    this.#woken = true;
  };

  async take(milliseconds: number): Promise<void> {
    const asleep = this.#wake;
    if (!this.#woken) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, milliseconds).unref();
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#wake = asleep;
    this.#woken = false;
  }

  end(): void {
    this.#wake();
  }
}
