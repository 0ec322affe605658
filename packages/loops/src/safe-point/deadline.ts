/** One end of time for all that follows, by a clock that cannot be set. */
export class Deadline {
  readonly #start = performance.now();
  readonly #end: number;

  /** @param milliseconds from now. */
  constructor(milliseconds: number) {
    this.#end = this.#start + milliseconds;
  }

  /** Milliseconds since its beginning. */
  get passed(): number {
    return Math.round(performance.now() - this.#start);
  }

  /** Milliseconds until its end; 0 when it has passed. */
  get left(): number {
    return Math.max(0, this.#end - performance.now());
  }

  /** Another one that ends so many milliseconds before this one. */
  before(milliseconds: number): Deadline {
    return new Deadline(this.left - milliseconds);
  }
}
