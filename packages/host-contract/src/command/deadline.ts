import { CommandAbortedError, CommandTimeoutError } from '../errors.ts';
import type { CommandOptions } from '../host.ts';

/** Aborts when the command has to end; the reason is the error to throw. Disposing releases timer and listener. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
  /** The command runs: until then there is nothing to be ended. */
  started(): void;
}

export function startDeadline(host: string, argv: readonly string[], options: CommandOptions): Deadline {
  const { timeout, signal } = options;
  const controller = new AbortController();
  let started = false;
  const onAbort = (): void => controller.abort(new CommandAbortedError(host, argv, signal?.reason));
  const timer =
    timeout === undefined
      ? undefined
      : setTimeout(() => controller.abort(new CommandTimeoutError(host, argv, timeout, started)), timeout);
  if (signal?.aborted === true) onAbort();
  else signal?.addEventListener('abort', onAbort, { once: true });
  return {
    signal: controller.signal,
    started: () => {
      started = true;
    },
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    },
  };
}
