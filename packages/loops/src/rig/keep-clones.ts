import { localHost } from '@cutover/host';
import type { RigConfig } from '../config/rig-config.ts';
import { cloneContext } from '../git/clone-context.ts';
import { keepUnsaved } from '../safe-point/salvage/keep-unsaved.ts';

/** How long each git command may take, in milliseconds. */
const patience = 30_000;

/**
 * Keeps under a ref what the clones of loops alone hold, once these were ended without a supervisor; nothing is pushed.
 *
 * @returns a line for each clone of which something was kept, or could not be.
 */
export async function keepClones(config: RigConfig, names: readonly string[]): Promise<string[]> {
  const lines: string[] = [];
  const chosen = config.loops.filter(({ name }) => names.includes(name));
  for (const clone of new Set(chosen.flatMap((loop) => loop.clone ?? []))) {
    try {
      const kept = await keepUnsaved(cloneContext(localHost(), clone, patience, undefined));
      if (kept !== undefined) lines.push(`${clone}: what it alone holds is kept under ${kept.ref}`);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      lines.push(`${clone}: what it alone holds could not be kept: ${why}`);
    }
  }
  return lines;
}
