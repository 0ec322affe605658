import type { RigEvent, RigEventBody } from '../events.ts';

/** Hands each event to everybody who listens, in order. */
export class EventHub {
  readonly #listeners = new Set<(event: RigEvent) => void>();

  constructor(listener?: (event: RigEvent) => void) {
    if (listener !== undefined) this.#listeners.add(listener);
  }

  emit(body: RigEventBody): void {
    const event = { at: Date.now(), ...body };
    for (const listener of this.#listeners) listener(event);
  }

  /** The events from now on, until the signal is aborted. */
  async *stream(signal: AbortSignal): AsyncGenerator<RigEvent, void, undefined> {
    const waiting: RigEvent[] = [];
    let wake: () => void = () => {};
    const listener = (event: RigEvent): void => {
      waiting.push(event);
      wake();
    };
    const abort = (): void => wake();
    this.#listeners.add(listener);
    signal.addEventListener('abort', abort, { once: true });
    try {
      while (!signal.aborted) {
        yield* waiting.splice(0);
        if (signal.aborted || waiting.length > 0) continue;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      this.#listeners.delete(listener);
      signal.removeEventListener('abort', abort);
    }
  }

  listen(listener: (event: RigEvent) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }
}
