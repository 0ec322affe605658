import type { Evidence } from '../engine/json.ts';
import { mainList, rollbackList } from '../engine/lists.ts';
import { defaultWords, type Words } from '../engine/words.ts';
import type { JournalEntry, PlannedStep, RunMode, RunResultName } from './entry.ts';
import type { Attested } from './statement.ts';

/** What the journal says of one step. */
export interface StepRecord {
  status: 'found' | 'intended' | 'applied' | 'verified' | 'failed' | 'undoing' | 'undone';
  version: number;
  inputHash: string;
  attempt: number;
  /** The place of the first intent: a rollback goes from the highest to the lowest. `undefined`: never begun by us. */
  begun: number | undefined;
  /** The place at which it was first found done, not by us. */
  found: number | undefined;
  operation: string | undefined;
  evidence: Evidence;
  gate: GateRecord | undefined;
}

/** The last gate that was opened for a step. */
export interface GateRecord {
  readonly kind: 'approval' | 'human';
  readonly nonce: string;
  readonly text: string;
  readonly evidence: Evidence;
  readonly evidenceHash: string;
  readonly planHash: string;
  readonly expires: string;
  state: 'open' | 'approved' | 'denied' | 'expired' | 'used';
}

/** What the journal says of one list of steps. */
export interface ListState {
  planHash: string;
  plan: readonly PlannedStep[];
  readonly steps: Map<string, StepRecord>;
}

/** All that a resumed run needs to know, folded from the journal line by line. */
export interface JournalState {
  runId: string | undefined;
  runbook: string;
  words: Words;
  readonly lists: Map<string, ListState>;
  readonly commits: Set<'C1' | 'C2'>;
  owner: { owner: string; epoch: number; wall: string } | undefined;
  /** The last word of a person about something that cannot be asked. */
  attested: Attested | undefined;
  lastRun:
    | { list: string; mode: RunMode; ended: RunResultName | undefined; step?: string; reason?: string }
    | undefined;
}

export function emptyState(): JournalState {
  return {
    runId: undefined,
    runbook: '',
    words: defaultWords,
    lists: new Map(),
    commits: new Set(),
    owner: undefined,
    attested: undefined,
    lastRun: undefined,
  };
}

/** Adds one entry to what is known. */
export function foldEntry(state: JournalState, entry: JournalEntry): void {
  state.runId = entry.runId;
  switch (entry.type) {
    case 'plan':
      state.runbook = entry.runbook;
      state.words = entry.words;
      state.lists.set(entry.list, {
        planHash: entry.planHash,
        plan: entry.steps,
        steps: entry.fresh ? new Map() : (state.lists.get(entry.list)?.steps ?? new Map()),
      });
      return;
    case 'run.started':
      state.lastRun = { list: entry.list, mode: entry.mode, ended: undefined };
      return;
    case 'run.ended':
      if (state.lastRun === undefined) return;
      state.lastRun.ended = entry.result;
      if (entry.step !== undefined) state.lastRun.step = entry.step;
      if (entry.reason !== undefined) state.lastRun.reason = entry.reason;
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
      state.commits.clear();
      return;
    case 'downtime':
    case 'cancelled':
      return;
    default:
      foldStep(state, entry);
  }
}

type StepEntry = Extract<JournalEntry, { step: string; stepVersion: number }>;

function foldStep(state: JournalState, entry: StepEntry): void {
  const list = state.lists.get(entry.list) ?? { planHash: '', plan: [], steps: new Map() };
  state.lists.set(entry.list, list);
  const record = list.steps.get(entry.step) ?? newRecord();
  list.steps.set(entry.step, record);
  record.version = entry.stepVersion;
  record.inputHash = entry.inputHash;
  record.attempt = entry.attempt;
  switch (entry.type) {
    case 'intent':
      record.status = 'intended';
      record.begun ??= entry.seq;
      record.operation = undefined;
      if (record.gate?.state === 'approved') record.gate.state = 'used';
      return;
    case 'op':
      record.operation = entry.operation;
      return;
    case 'applied':
      record.status = 'applied';
      return;
    case 'verified':
      record.status = 'verified';
      record.evidence = entry.evidence;
      if (entry.how === 'satisfied') record.found ??= entry.seq;
      record.operation = undefined;
      if (record.gate !== undefined) record.gate.state = 'used';
      return;
    case 'failed':
      record.status = entry.during === 'undo' ? 'undoing' : 'failed';
      return;
    case 'commit':
      state.commits.add(entry.point);
      return;
    case 'gate.open':
      record.gate = { ...entry, state: 'open' };
      return;
    case 'gate.approved':
    case 'gate.denied':
    case 'gate.expired':
      if (record.gate?.nonce === entry.nonce) {
        record.gate.state =
          entry.type === 'gate.approved' ? 'approved' : entry.type === 'gate.denied' ? 'denied' : 'expired';
      }
      return;
    case 'undo.intent':
      record.status = 'undoing';
      return;
    case 'undone':
      record.status = 'undone';
      record.begun = undefined;
      record.found = undefined;
      return;
    case 'gate.refused':
    case 'stopped':
    case 'drift':
      return;
  }
}

function newRecord(): StepRecord {
  return {
    status: 'found',
    version: 0,
    inputHash: '',
    attempt: 0,
    begun: undefined,
    found: undefined,
    operation: undefined,
    evidence: {},
    gate: undefined,
  };
}
