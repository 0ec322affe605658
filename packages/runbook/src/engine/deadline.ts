import { setMaxListeners } from 'node:events';
import { startTimer } from '@cutover/foundation/long-timer';
import type { StepCall } from '../journal/entry.ts';
import { StepTimeoutError } from './errors.ts';

/** How long a call that was told to stop may take to do so before it is left behind. */
const grace = 2000;

/**
 * Runs one call of a step under its deadline. The call's signal aborts at the deadline or with `signal`; a call that
 * does not heed it is left behind after a grace, so that a run never hangs on one.
 *
 * @throws {StepTimeoutError} the deadline passed.
 */
export async function withDeadline<T>(
  step: { readonly id: string; readonly timeout: number },
  call: StepCall,
  signal: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const controller = new AbortController();
  // A step runs as many commands at once as it likes, and each listens.
  setMaxListeners(0, controller.signal);
  const timers: Disposable[] = [];
  const relay = (): void => controller.abort(signal.reason);
  signal.addEventListener('abort', relay, { once: true });
  const abandoned = new Promise<never>((_resolve, reject) => {
    controller.signal.addEventListener(
      'abort',
      () => timers.push(startTimer(grace, () => reject(asError(controller.signal.reason)))),
      { once: true },
    );
  });
  timers.push(
    startTimer(step.timeout, () => controller.abort(new StepTimeoutError(step.id, call, step.timeout))),
  );
  try {
    return await Promise.race([run(controller.signal), abandoned]);
  } catch (error) {
    // Whatever a call makes of its abort, the reason for it is what happened.
    if (controller.signal.aborted) throw withCause(asError(controller.signal.reason), error);
    throw error;
  } finally {
    for (const timer of timers) timer[Symbol.dispose]();
    signal.removeEventListener('abort', relay);
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

function withCause(error: Error, cause: unknown): Error {
  if (error.cause === undefined && cause !== error) error.cause = cause;
  return error;
}
