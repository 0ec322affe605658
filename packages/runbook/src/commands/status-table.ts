import { textTable } from '@cutover/foundation/text-table';
import { mainList } from '../engine/lists.ts';
import { currentHolder } from '../journal/lock.ts';
import { readState } from '../journal/read-state.ts';
import { findStateDirectory } from '../journal/state-directory.ts';
import { openGates } from './answer.ts';

/** One move among several. */
export interface StatusRow {
  readonly directory: string;
  readonly runbook: string;
  /** Steps of the main list that are verified, of all. */
  readonly done: number;
  readonly steps: number;
  /** `running`, how the last run ended, `cut off`, or `nothing has run`. */
  readonly state: string;
  readonly owner: string | undefined;
  /** When the last line of its journal was written, ISO 8601. */
  readonly last: string | undefined;
  /** The steps whose gates are open. */
  readonly gates: readonly string[];
}

/** How far the move of one state directory is. Reads the journal only. */
export async function statusRow(directory: string): Promise<StatusRow> {
  const files = await findStateDirectory(directory);
  const state = await readState(files);
  const main = state.lists.get(mainList);
  const { lastRun, owner } = state;
  const holder = await currentHolder(files);
  const ended = lastRun === undefined ? 'nothing has run' : (lastRun.ended ?? 'cut off');
  const where = lastRun?.step === undefined || holder !== undefined ? '' : ` at ${lastRun.step}`;
  return {
    directory,
    runbook: state.runbook,
    done: [...(main?.steps.values() ?? [])].filter(({ status }) => status === 'verified').length,
    steps: main?.plan.length ?? 0,
    state: holder === undefined ? `${ended}${where}` : 'running',
    owner: owner === undefined ? undefined : `${owner.owner}@${owner.epoch}`,
    last: state.last,
    gates: openGates(state).map(({ step }) => step),
  };
}

/** A line for each. */
export function statusTable(rows: readonly StatusRow[]): string {
  const head = ['', 'runbook', 'done', 'state', 'owner', 'last news (UTC)', 'open gates'];
  const lines = rows.map(({ directory, runbook, done, steps, state, owner, last = '', gates }) => [
    directory,
    runbook,
    `${done}/${steps}`,
    state,
    owner ?? '',
    last.slice(0, 16).replace('T', ' '),
    gates.join(', '),
  ]);
  return textTable([head, ...lines]).join('\n');
}
