import { readJournal } from './read.ts';
import { emptyState, foldEntry, type JournalState } from './state.ts';
import type { StateFiles } from './state-directory.ts';

/** What the journal in a state directory says, without holding its lock: a line being written is left out. */
export async function readState({ journal }: Pick<StateFiles, 'journal'>): Promise<JournalState> {
  const state = emptyState();
  await readJournal(journal, (entry) => foldEntry(state, entry));
  return state;
}
