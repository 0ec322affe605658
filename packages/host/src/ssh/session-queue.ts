/**
 * Milliseconds for which a server that has one session at most may refuse it: on a busy machine sshd takes a while to clear up
 * after one that has closed.
 */
export const clearingUp = 2_000;

/** Grants a limited number of sessions, in the order they were asked for. */
export interface SessionQueue {
  /** Resolves when a session may be opened; the caller calls what it gets once the session is closed. */
  acquire(signal: AbortSignal): Promise<() => void>;
  /** The server refused one more: from now on no more than those that are open now, without the refused one. */
  lower(): void;
  /** How many are granted. */
  readonly granted: number;
}

export function createSessionQueue(limit: number): SessionQueue {
  let left = limit;
  let granted = 0;
  const waiting = new Set<() => void>();

  const grantNext = (): void => {
    if (granted >= left) return;
    const [next] = waiting;
    if (next === undefined) return;
    waiting.delete(next);
    granted += 1;
    next();
  };

  return {
    get granted() {
      return granted;
    },
    lower: () => {
      left = Math.max(1, granted - 1);
    },
    acquire: async (signal) => {
      signal.throwIfAborted();
      await new Promise<void>((resolve, reject) => {
        const onAbort = (): void => {
          waiting.delete(grant);
          reject(signal.reason);
        };
        const grant = (): void => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        };
        signal.addEventListener('abort', onAbort, { once: true });
        waiting.add(grant);
        grantNext();
      });
      let released = false;
      return () => {
        if (released) return;
        released = true;
        granted -= 1;
        grantNext();
      };
    },
  };
}
