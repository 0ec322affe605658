import { setTimeout } from 'node:timers/promises';

/** Milliseconds that a host which is disposed of waits for what begins just then, so that it can be ended. */
const patience = 1_000;

/** The commands that have been sent and have yet to start. */
export interface Beginnings {
  /** `begun` resolves when the command has begun, or when it never will. */
  add(begun: Promise<unknown>): void;
  /** Resolves when none is left, or after a second. */
  over(): Promise<void>;
}

export function createBeginnings(): Beginnings {
  const left = new Set<Promise<unknown>>();
  return {
    add: (begun) => {
      left.add(begun);
      const remove = (): void => void left.delete(begun);
      begun.then(remove, remove);
    },
    over: async () => {
      if (left.size === 0) return;
      const done = new AbortController();
      const late = setTimeout(patience, undefined, { signal: done.signal }).catch(() => undefined);
      await Promise.race([Promise.allSettled(left), late]);
      done.abort();
    },
  };
}
