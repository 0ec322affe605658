import { setTimeout } from 'node:timers/promises';

/** Milliseconds for a login shell that starts nothing, before it is no longer waited for. */
export const patience = 5_000;

/** The commands that have been sent and have yet to start. */
export interface Beginnings {
  /** `begun` resolves when the command has begun, or when it never will. */
  add(begun: Promise<unknown>): void;
  /** Resolves when none is left that could be ended, or after five seconds. */
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
      const done = new AbortController();
      const late = setTimeout(patience, true, { signal: done.signal }).catch(() => true);
      // What is granted only now begins in its turn.
      while (left.size > 0) {
        const isLate = await Promise.race([Promise.allSettled(left).then(() => false), late]);
        if (isLate) break;
      }
      done.abort();
    },
  };
}
