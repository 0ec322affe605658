import type { JournalEntry } from './entry.ts';
import type { ListState } from './list-state.ts';
import { type GateRecord, newRecord, type StepRecord } from './step-record.ts';

/** What an entry about a step adds to. */
interface Known {
  readonly lists: Map<string, ListState>;
  readonly commits: Set<'C1' | 'C2'>;
}

type StepEntry = Extract<JournalEntry, { step: string; stepVersion: number }>;

/** Adds an entry about one step to what is known. */
export function foldStep(state: Known, entry: StepEntry): void {
  const list = state.lists.get(entry.list) ?? {
    planHash: '',
    plan: [],
    steps: new Map<string, StepRecord>(),
    completed: undefined,
  };
  state.lists.set(entry.list, list);
  const record = list.steps.get(entry.step) ?? newRecord();
  list.steps.set(entry.step, record);
  record.attempt = entry.attempt;
  // A look or a question with another config changes nothing of what was done.
  if (record.inputHash === '' || entry.type === 'intent' || entry.type === 'verified') {
    record.version = entry.stepVersion;
    record.inputHash = entry.inputHash;
  }
  switch (entry.type) {
    case 'intent':
      record.madeWith.add(entry.inputHash);
      record.status = 'intended';
      record.begun ??= entry.seq;
      record.operation = undefined;
      record.applied = false;
      record.cutOff = true;
      record.since = entry.mono;
      if (record.gate?.state === 'approved') record.gate.state = 'used';
      return;
    case 'op':
      record.operation = entry.operation;
      return;
    case 'applied':
      record.status = 'applied';
      record.applied = true;
      return;
    case 'verified':
      record.status = 'verified';
      record.evidence = entry.evidence;
      if (entry.how === 'satisfied') record.found ??= entry.seq;
      record.operation = undefined;
      if (entry.how === 'applied') record.took = entry.mono - record.since;
      if (record.gate !== undefined && ['open', 'approved'].includes(record.gate.state))
        record.gate.state = 'used';
      return;
    case 'failed':
      record.status = entry.during === 'undo' ? 'undoing' : 'failed';
      record.cutOff = false;
      return;
    case 'commit':
      state.commits.add(entry.point);
      return;
    case 'gate.open':
      record.gate = openedGate(entry);
      return;
    case 'gate.approved':
    case 'gate.denied':
    case 'gate.expired':
    case 'gate.withdrawn':
      foldAnswer(record.gate, entry);
      return;
    case 'undo.intent':
      record.status = 'undoing';
      return;
    case 'undone':
      record.status = 'undone';
      record.begun = undefined;
      record.found = undefined;
      record.applied = false;
      record.madeWith.clear();
      return;
    case 'gate.refused':
    case 'stopped':
    case 'drift':
      return;
  }
}

function openedGate(entry: Extract<StepEntry, { type: 'gate.open' }>): GateRecord {
  const { kind, nonce, text, evidence, evidenceHash, planHash, expires } = entry;
  return {
    kind,
    nonce,
    text,
    evidence,
    evidenceHash,
    planHash,
    expires,
    answer: undefined,
    state: 'open',
  };
}

type AnswerEntry = Extract<
  StepEntry,
  { type: 'gate.approved' | 'gate.denied' | 'gate.expired' | 'gate.withdrawn' }
>;

function foldAnswer(gate: GateRecord | undefined, entry: AnswerEntry): void {
  if (gate?.nonce !== entry.nonce) return;
  switch (entry.type) {
    case 'gate.approved':
    case 'gate.denied': {
      const decision = entry.type === 'gate.approved' ? 'approved' : 'denied';
      gate.answer = { decision, by: entry.by, note: entry.note, signature: entry.signature };
      gate.state = decision;
      return;
    }
    case 'gate.expired':
      gate.state = 'expired';
      return;
    case 'gate.withdrawn':
      gate.state = 'withdrawn';
  }
}
