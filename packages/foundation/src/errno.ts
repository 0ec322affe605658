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

/** Whether `error` says that the operating system refused something, for whatever reason. */
export function isSystemError(error: unknown): error is ErrnoError {
  return error instanceof Error && 'syscall' in error;
}

/**
 * Waits for `result`, and takes every refusal of the operating system for an answer: for what others may have put there, or
 * keep to themselves, and what can be done without.
 */
export async function unlessRefused<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
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
