import type { Run } from '../engine/engine.ts';

/** What the signals did to a run so far. */
export interface Interrupts extends Disposable {
  /** Does what a signal does: for a Ctrl-C that came as a key and not as a signal. */
  interrupt(): void;
  readonly terminated: boolean;
}

/**
 * The first Ctrl-C (INT), TERM or HUP lets what runs come to its end, the second cuts it off, the third ends the process.
 * The journal makes each of them safe.
 */
export function interruptRun(run: Run, say: (text: string) => void): Interrupts {
  let count = 0;
  let terminated = false;
  const listener = (signal: NodeJS.Signals): void => {
    count += 1;
    terminated ||= signal === 'SIGTERM';
    if (count === 1) {
      say('interrupted: nothing new begins, what runs comes to its end (again to cut it off)');
      run.drain();
    } else if (count === 2) {
      say('cutting off what runs; `resume` finds out how far it came');
      run.abort();
    } else {
      process.exit(signal === 'SIGTERM' ? 143 : 130);
    }
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, listener);
  return {
    interrupt: () => listener('SIGINT'),
    get terminated() {
      return terminated;
    },
    [Symbol.dispose]() {
      for (const signal of signals) process.off(signal, listener);
    },
  };
}
