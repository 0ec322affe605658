/** Gives the one result of its making to all who ask. */
export interface Once<T> {
  /** The first caller's signal counts for the making. */
  (signal: AbortSignal): Promise<T>;
  /** The next call makes it again. */
  forget(): void;
}

/** Calls `make` at the first call and gives its result to all others. A failure is not kept: the next call tries again. */
export function once<T>(make: (signal: AbortSignal) => Promise<T>): Once<T> {
  let made: Promise<T> | undefined;
  const ask = (signal: AbortSignal): Promise<T> => {
    const making = (made ??= make(signal).catch((error: unknown) => {
      if (made === making) made = undefined;
      throw error;
    }));
    return making;
  };
  return Object.assign(ask, {
    forget: () => {
      made = undefined;
    },
  });
}
