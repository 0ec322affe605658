import { CommandTimeoutError, type Host } from '@cutover/host-contract';
import { $, type Duration, Fail, type ProcessOutput, type ProcessPromise, type Shell } from 'zx/core';

import type { HostChild } from './host-child.ts';
import { redirectTemplates } from './pipe.ts';

export interface Adoption {
  readonly host: Host;
  /** Runs the templates that the promise is piped to, on the same host. */
  readonly shell: Shell;
  /** Resolves when the command is started. */
  readonly child: Promise<HostChild>;
  readonly killSignal: NodeJS.Signals | undefined;
}

/**
 * Takes over what zx would do with processes of this machine (`kill`, `timeout`, a template that is piped to), and has
 * `nothrow` and `exitCode` pass over nothing but how a command ended.
 */
export function adopt(promise: ProcessPromise, { host, shell, child, killSignal }: Adoption): ProcessPromise {
  const isNothrow = promise.isNothrow.bind(promise);
  let timer: NodeJS.Timeout | undefined;

  const kill = (signal?: NodeJS.Signals | null): Promise<void> => {
    if (promise.output !== null) throw new Fail('Too late to kill the process.');
    if (promise.isHalted()) throw new Fail('Trying to kill a process without creating one.');
    const name = signal ?? killSignal ?? $.killSignal ?? 'SIGTERM';
    const killed = child.then(async (running) => await running.signal(name));
    // zx itself does not wait for it. What a failure means for the command, the promise says.
    killed.catch(() => undefined);
    return killed;
  };

  const timeout = (duration: Duration = 0, signal = $.timeoutSignal): ProcessPromise => {
    const limit = millisecondsOf(duration);
    clearTimeout(timer);
    if (limit === 0 || promise.output !== null) return promise;
    const end = (running: HostChild): void => {
      const error = new CommandTimeoutError(host.name, [promise.cmd], limit);
      void running.endAtTimeout(error, signal ?? 'SIGTERM');
    };
    void child.then((running) => {
      if (promise.output !== null) return;
      timer = setTimeout(end, limit, running);
      running.once('close', () => clearTimeout(timer));
    });
    return promise;
  };

  const exitCode = async (): Promise<number | null> =>
    await promise.then(
      (output) => output.exitCode,
      (output: ProcessOutput) => {
        if (isUnknown(output)) throw output;
        return output.exitCode;
      },
    );

  const piped = redirectTemplates(promise, shell);
  return Object.defineProperties(promise, {
    kill: { value: kill },
    timeout: { value: timeout },
    pipe: { get: piped },
    exitCode: { get: exitCode },
    isNothrow: { value: () => isNothrow() && !isUnknown(promise.output) },
  });
}

/** Whether something else happened than that the command ended, by itself or because the caller wanted it. */
function isUnknown(output: ProcessOutput | null): boolean {
  const cause: unknown = output?.cause;
  if (cause === undefined || cause === null || cause instanceof CommandTimeoutError) return false;
  return !(cause instanceof Error && cause.name === 'AbortError');
}

/** zx's durations: a number, or text with `ms`, `s`, `m` or no unit. */
function millisecondsOf(duration: Duration): number {
  if (typeof duration === 'number' && duration >= 0) return duration;
  const [, digits, unit] = /^(\d+)(ms|s|m)?$/.exec(String(duration)) ?? [];
  if (digits === undefined) throw new Fail(`Unknown duration: "${duration}".`);
  return Number(digits) * (unit === 's' ? 1_000 : unit === 'm' ? 60_000 : 1);
}
