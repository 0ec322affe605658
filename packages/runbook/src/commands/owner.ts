import type { Runbook } from '../engine/runbook.ts';
import type { JournalState } from '../journal/state.ts';

const patience = 10_000;

/**
 * Who is the owner now, as a sentence: asked of the world, and of the journal where that does not answer. `undefined`:
 * this runbook has no owner.
 */
export async function ownerText<World>(
  runbook: Runbook<World> | undefined,
  recorded: JournalState['owner'],
): Promise<string | undefined> {
  const last =
    recorded === undefined
      ? undefined
      : `${recorded.owner} (epoch ${recorded.epoch}, recorded ${recorded.wall})`;
  if (runbook?.ownership === undefined) return last;
  try {
    const { owner, epoch } = await runbook.ownership(AbortSignal.timeout(patience));
    return `${owner} (epoch ${epoch})`;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return last === undefined ? `unknown: ${why}` : `could not be asked (${why}); last known: ${last}`;
  }
}
