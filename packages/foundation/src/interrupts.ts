/** The signal that ended an action: its number's exit code is 130 or 143. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
  readonly code = 'INTERRUPTED';
  readonly signal: 'SIGINT' | 'SIGTERM';

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(`interrupted by ${signal}`);
    this.signal = signal;
  }
}

/**
 * Runs `action` with a signal that the first SIGINT or SIGTERM aborts, with an `InterruptedError` as its reason.
 * A second one ends the process at once. The listeners are gone when `action` has settled.
 */
export async function withInterrupts<T>(action: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const listener = (signal: 'SIGINT' | 'SIGTERM'): void => {
    if (controller.signal.aborted) process.exit(signal === 'SIGINT' ? 130 : 143);
    controller.abort(new InterruptedError(signal));
  };
  process.on('SIGINT', listener);
  process.on('SIGTERM', listener);
  try {
    return await action(controller.signal);
  } catch (error) {
    // Node's own functions only say that they were aborted, and keep the reason as the cause.
    if (error instanceof Error && error.cause instanceof InterruptedError) throw error.cause;
    throw error;
  } finally {
    process.off('SIGINT', listener);
    process.off('SIGTERM', listener);
  }
}
