/**
 * Calls `make` at the first call and gives its result to all others. A failure is not kept: the next call tries again.
 * The first caller's signal counts for the making.
 */
export function once<T>(make: (signal: AbortSignal) => Promise<T>): (signal: AbortSignal) => Promise<T> {
  let made: Promise<T> | undefined;
  return (signal) => {
    made ??= make(signal).catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}
