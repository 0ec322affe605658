import type { RigEvent, RigEventBody } from './rig-event.ts';

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

  /** The events from this call on, whenever they are asked for, until the signal is aborted. */
  stream(signal: AbortSignal): AsyncGenerator<RigEvent, void, undefined> {
    const waiting: RigEvent[] = [];
    let wake: () => void = () => {};
    const listening = this.listen((event) => {
      waiting.push(event);
      wake();
    });
    const end = (): void => {
      listening[Symbol.dispose]();
      wake();
    };
    signal.addEventListener('abort', end, { once: true });
    async function* take(): AsyncGenerator<RigEvent, void, undefined> {
      try {
        while (!signal.aborted) {
          yield* waiting.splice(0);
          if (signal.aborted || waiting.length > 0) continue;
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      } finally {
        signal.removeEventListener('abort', end);
        end();
      }
    }
    return take();
  }

  listen(listener: (event: RigEvent) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }
}
