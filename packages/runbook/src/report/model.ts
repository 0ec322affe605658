import type { Evidence } from '../engine/json.ts';
import type { Span } from '../progress/spans.ts';
import type { Phase } from '../engine/phase.ts';
import { defaultWords, type Words } from '../engine/words.ts';
import type { JournalEntry, PlannedStep, RecordedError, Runner } from '../journal/entry.ts';

/** Everything that a report shows, taken from the journal and nowhere else. */
export interface Report {
  runbook: string;
  phases: readonly Phase[];
  words: Words;
  runId: string;
  /** When the first line was written, ISO 8601. */
  started: string;
  /** When the last line was written. */
  ended: string;
  /** How the last run ended; `undefined`: it has not. */
  result: string | undefined;
  readonly plans: { wall: string; list: string; hash: string; steps: number }[];
  readonly lists: Map<string, Map<string, StepReport>>;
  readonly runs: RunReport[];
  readonly gates: GateReport[];
  readonly owners: { wall: string; owner: string; epoch: number }[];
  readonly commits: { wall: string; step: string; point: string }[];
  readonly drift: { wall: string; step: string; state: string; reason: string }[];
  readonly downtimes: { from: string; to: string | undefined; milliseconds: number | undefined }[];
  readonly rollbacks: string[];
  readonly standIns: string[];
  readonly timeline: { wall: string; text: string; kind: 'good' | 'bad' | 'gate' | 'plain' }[];
}

/** One step, over all attempts. */
export interface StepReport {
  plan: PlannedStep;
  state: 'pending' | 'begun' | 'verified' | 'failed' | 'stopped' | 'undone';
  how: string | undefined;
  attempts: number;
  /** ISO 8601 of the first intent. */
  from: string | undefined;
  /** Milliseconds spent in attempts, without the time between runs. */
  milliseconds: number;
  /** When each attempt ran, in milliseconds of the wall clock. */
  readonly spans: Span[];
  evidence: Evidence;
  readonly errors: { wall: string; during: string; error: RecordedError }[];
}

/** One run of the engine. */
export interface RunReport {
  readonly wall: string;
  readonly list: string;
  readonly mode: string;
  readonly runner: Runner;
  result: string | undefined;
  reason: string | undefined;
  ended: string | undefined;
}

/** One opening of a gate and what became of it. */
export interface GateReport {
  readonly opened: string;
  readonly step: string;
  readonly kind: 'approval' | 'human';
  readonly nonce: string;
  readonly text: string;
  readonly evidence: Evidence;
  readonly evidenceHash: string;
  answer: string;
  by: string | undefined;
  note: string | undefined;
  answered: string | undefined;
}

export function emptyReport(): Report {
  return {
    runbook: '',
    phases: [],
    words: defaultWords,
    runId: '',
    started: '',
    ended: '',
    result: undefined,
    plans: [],
    lists: new Map(),
    runs: [],
    gates: [],
    owners: [],
    commits: [],
    drift: [],
    downtimes: [],
    rollbacks: [],
    standIns: [],
    timeline: [],
  };
}

/** A step of one list, found for an entry about it. */
export function stepReport(
  report: Report,
  entry: JournalEntry & { readonly step: string },
): StepReport | undefined {
  return report.lists.get(entry.list)?.get(entry.step);
}
