import { AsyncQueue } from '@cutover/foundation/async-queue';
import type { RigEvent, RigEventBody } from './rig-event.ts';

/** Hands each event to all who listen, in order. */
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
    const queue = new AsyncQueue<RigEvent>();
    const listening = this.listen((event) => queue.push(event));
    const end = (): void => {
      listening[Symbol.dispose]();
      queue.end();
    };
    if (signal.aborted) end();
    signal.addEventListener('abort', end, { once: true });
    async function* take(): AsyncGenerator<RigEvent, void, undefined> {
      try {
        for await (const event of queue) {
          if (signal.aborted) return;
          yield event;
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
