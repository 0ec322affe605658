import { CommandError, CommandTimeoutError, type Host } from '@cutover/host';
import { LoopsError } from '../errors.ts';
import { runLimits } from '../processes/run-limits.ts';
import type { Frozen } from './freeze.ts';
import type { QuiesceOptions, QuiesceReport } from './quiesce-report.ts';

/**
 * What is frozen gets TERM before it goes on, so that an agent ends instead of beginning something new. Then the
 * rig's own stop does the rest.
 *
 * @returns why the rig could not be held, or its own stop failed.
 */
export async function stopRig(
  host: Host,
  { stop, hold, signal }: QuiesceOptions,
  frozen: Frozen | undefined,
  timeout: number,
): Promise<Pick<QuiesceReport, 'holdProblem' | 'stopProblem'>> {
  const limit = AbortSignal.timeout(Math.ceil(timeout));
  const either = signal === undefined ? limit : AbortSignal.any([limit, signal]);
  const within = async (what: string, work: () => Promise<unknown>): Promise<string | undefined> => {
    try {
      await work();
      return undefined;
    } catch (error) {
      if (signal?.aborted === true) throw error;
      if (limit.aborted) return `${what} took longer than ${Math.round(timeout)} ms`;
      const expected =
        error instanceof CommandError || error instanceof CommandTimeoutError || error instanceof LoopsError;
      if (expected) return error.message;
      throw error;
    }
  };
  let holdProblem: string | undefined;
  try {
    holdProblem = await within('the hold', async () => hold?.(either));
  } finally {
    await frozen?.thaw('SIGTERM');
  }
  const stopProblem = await within('the stop', async () => {
    if (typeof stop === 'function') await stop(either, timeout / 2);
    else if (stop !== undefined) await host.run(stop, runLimits(Math.ceil(timeout), signal));
  });
  return { holdProblem, stopProblem };
}
