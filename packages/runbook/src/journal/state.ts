import type { Choice } from '../engine/choose.ts';
import { mainList, rollbackList } from '../engine/lists.ts';
import { defaultWords, type Words } from '../engine/words.ts';
import type { JournalEntry, RunMode, RunResultName } from './entry.ts';
import { foldStep } from './fold-step.ts';
import type { ListState } from './list-state.ts';
import type { Attested } from './statement.ts';
import { newRecord } from './step-record.ts';

/** All that a resumed run needs to know, folded from the journal line by line. */
export interface JournalState {
  runId: string | undefined;
  /** When the last line was written, ISO 8601. */
  last: string | undefined;
  runbook: string;
  words: Words;
  readonly lists: Map<string, ListState>;
  readonly commits: Set<'C1' | 'C2'>;
  owner: { owner: string; epoch: number; wall: string } | undefined;
  /** Whether a downtime has begun and not ended. */
  isDown: boolean;
  /** The last word of a person about something that cannot be asked. */
  attested: Attested | undefined;
  lastRun:
    | {
        list: string;
        mode: RunMode;
        choice: Choice;
        ended: RunResultName | undefined;
        step?: string;
        reason?: string;
      }
    | undefined;
}

export function emptyState(): JournalState {
  return {
    runId: undefined,
    last: undefined,
    runbook: '',
    words: defaultWords,
    lists: new Map(),
    commits: new Set(),
    owner: undefined,
    isDown: false,
    attested: undefined,
    lastRun: undefined,
  };
}

/** Adds one entry to what is known. */
export function foldEntry(state: JournalState, entry: JournalEntry): void {
  state.runId = entry.runId;
  state.last = entry.wall;
  switch (entry.type) {
    case 'plan':
      state.runbook = entry.runbook;
      state.words = entry.words;
      state.lists.set(entry.list, {
        planHash: entry.planHash,
        plan: entry.steps,
        steps: entry.fresh ? new Map() : (state.lists.get(entry.list)?.steps ?? new Map()),
        completed: entry.fresh ? undefined : state.lists.get(entry.list)?.completed,
      });
      return;
    case 'run.started':
      state.lastRun = { list: entry.list, mode: entry.mode, choice: entry.choice ?? {}, ended: undefined };
      return;
    case 'run.ended':
      if (state.lastRun === undefined) return;
      state.lastRun.ended = entry.result;
      if (entry.step !== undefined) state.lastRun.step = entry.step;
      if (entry.reason !== undefined) state.lastRun.reason = entry.reason;
      noteCompletion(state, entry);
      return;
    case 'owner':
      state.owner = { owner: entry.owner, epoch: entry.ownerEpoch, wall: entry.wall };
      return;
    case 'attested': {
      const { subject, how, by, facts, wall } = entry;
      state.attested = { subject, how, by, facts, wall };
      return;
    }
    case 'rollback.abandoned':
      state.lists.delete(rollbackList);
      for (const step of state.lists.get(mainList)?.steps.values() ?? [])
        if (step.status === 'undone') Object.assign(step, newRecord());
        else if (step.status === 'undoing') step.status = 'failed';
      return;
    case 'reset':
      state.attested = undefined;
      state.lists.delete(mainList);
      state.lists.delete(rollbackList);
      // What another list proved, it proved of a move that no longer stands.
      for (const list of state.lists.values()) list.completed = undefined;
      state.commits.clear();
      // The rollback is over with this line: a runner that dies before it says so leaves nothing to resume.
      if (state.lastRun !== undefined) state.lastRun.ended = 'ok';
      return;
    case 'downtime':
      state.isDown = entry.edge === 'begins';
      return;
    case 'cancelled':
      return;
    default:
      foldStep(state, entry);
  }
}

function noteCompletion(
  { lists }: JournalState,
  { list: name, result, wall }: Extract<JournalEntry, { type: 'run.ended' }>,
): void {
  const list = lists.get(name);
  if (list === undefined || result !== 'ok') return;
  const whole = list.plan.every(({ id }) => list.steps.get(id)?.status === 'verified');
  list.completed = whole ? wall : undefined;
}
