import type { JournalState } from '../journal/state.ts';
import type { RunbookCommand } from './context.ts';
import { openRunbook } from './open-runbook.ts';
import type { CommonOptions } from './options.ts';

/** Milliseconds that the world may take to answer. */
const patience = 10_000;

/**
 * What the runbook has to say that no journal knows. Nothing is asked before a run has begun. That it cannot be asked is
 * said as well: no answer is not the same as no alarm.
 */
export async function askAlarms<World>(
  command: RunbookCommand<World>,
  options: CommonOptions,
  { runId }: JournalState,
): Promise<readonly string[]> {
  if (command.alarms !== true || runId === undefined) return [];
  try {
    await using open = await openRunbook(command, options);
    return (await open.runbook.alarms?.(AbortSignal.timeout(patience))) ?? [];
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return [`it could not be asked whether all is as it was left: ${why}`];
  }
}
