/** The longest that one timer of Node's counts: 24.8 days. A longer one would fire at once. */
const longest = 2 ** 31 - 1;

/** A timer; disposing it stops it. */
export interface LongTimer extends Disposable {
  /** Lets the process end while it runs. */
  unref(): void;
}

/** Calls `callback` once, after so many milliseconds, however many they are; `Infinity` is never. */
export function startTimer(milliseconds: number, callback: () => void): LongTimer {
  let left = Math.max(0, milliseconds);
  let timer: NodeJS.Timeout;
  let held = true;
  const next = (): void => {
    const part = Math.min(left, longest);
    left -= part;
    timer = setTimeout(left > 0 ? next : callback, part);
    if (!held) timer.unref();
  };
  next();
  return {
    unref() {
      held = false;
      timer.unref();
    },
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}
