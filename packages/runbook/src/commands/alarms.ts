import { startTimer } from '@cutover/foundation/long-timer';
import type { JournalState } from '../journal/state.ts';
import type { RunbookCommand } from './context.ts';
import { openRunbook } from './open-runbook.ts';
import type { CommonOptions } from './options.ts';

/**
 * What the runbook has to say that no journal knows. Nothing is asked before a run has begun. What cannot be asked is said as
 * well: no answer is not the same as no alarm.
 *
 * @param patience milliseconds that each look may take; all look at the same time.
 */
export async function askAlarms<World>(
  command: RunbookCommand<World>,
  options: CommonOptions,
  { runId }: Pick<JournalState, 'runId'>,
  patience = 10_000,
): Promise<readonly string[]> {
  if (command.alarms !== true || runId === undefined) return [];
  try {
    await using open = await openRunbook(command, options);
    const looks = Object.entries(open.runbook.alarms ?? {});
    const found = looks.map(([name, look]) =>
      within(patience, look).catch((error: unknown) => [`${name} could not be asked: ${messageOf(error)}`]),
    );
    return (await Promise.all(found)).flat();
  } catch (error) {
    return [`it could not be asked whether all is as it was left: ${messageOf(error)}`];
  }
}

/** Leaves a look behind that does not heed its signal. */
async function within<T>(patience: number, look: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let timer: Disposable | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = startTimer(patience, () => {
      const error = new Error(`no answer within ${patience / 1000} s`);
      reject(error);
      controller.abort(error);
    });
  });
  try {
    return await Promise.race([look(controller.signal), late]);
  } finally {
    timer?.[Symbol.dispose]();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
