/** A system error of Node's, with its stable code. */
export interface ErrnoError extends Error {
  readonly code: string;
}

/** Whether `error` is an error that carries one of these codes, e.g. `isErrno(error, 'ENOENT', 'ENOTDIR')`. */
export function isErrno(error: unknown, ...codes: readonly string[]): error is ErrnoError {
  return (
    error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code)
  );
}

/**
 * Waits for `result`, and takes `ENOENT` for an answer: there is nothing at that path. Every other error, `EACCES`
 * for instance, says nothing about absence and is thrown.
 */
export async function unlessAbsent<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
