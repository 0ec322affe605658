import type { Background } from './background.ts';

/** One kind of work in rounds: never two at once, none while nothing asks for one, and none lost that was asked for. */
export class Rounds {
  readonly #round: () => Promise<void>;
  readonly #background: Background;
  readonly #signal: AbortSignal;
  #running: Promise<void> | undefined;
  #again = false;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Infinity;

  /** @param signal no round begins once it is aborted. */
  constructor(round: () => Promise<void>, background: Background, signal: AbortSignal) {
    this.#round = round;
    this.#background = background;
    this.#signal = signal;
  }

  /** One more round, now or after the one that is under way, and waits for it. */
  async now(): Promise<void> {
    if (this.#signal.aborted) return;
    this.again();
    this.#running ??= this.#run();
    return this.#running;
  }

  /** The same, beside what goes on. */
  soon(): void {
    this.#background.run(() => this.now());
  }

  /** Within a round: there is to be another one after it. */
  again(): void {
    this.#again = true;
  }

  /** A round after so many milliseconds, or earlier when something else asks for it. */
  within(milliseconds: number): void {
    const pause = Math.max(0, milliseconds);
    const at = performance.now() + pause;
    if (this.#timer !== undefined && at >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.soon();
      },
      Math.min(pause, 3_600_000),
    );
  }

  /** No further rounds; the one under way is waited for. */
  async end(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      while (this.#again && !this.#signal.aborted) {
        this.#again = false;
        await this.#round();
      }
    } finally {
      // In the same step as the last look for another round: what asks for one later begins it.
      this.#running = undefined;
    }
  }
}
