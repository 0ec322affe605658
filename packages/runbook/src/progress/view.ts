import type { EngineEvent } from '../engine/events.ts';
import type { Evidence } from '../engine/json.ts';
import { mainList } from '../engine/lists.ts';
import type { Phase } from '../engine/phase.ts';
import { defaultWords, type Words } from '../engine/words.ts';
import type { JournalEntry, PlannedStep, RecordedError } from '../journal/entry.ts';

/** What is shown of one step. */
export interface StepView {
  readonly plan: PlannedStep;
  state: 'pending' | 'running' | 'gate' | 'done' | 'failed' | 'stopped' | 'undone';
  /** How it was done, when it was. */
  how: string | undefined;
  evidence: Evidence;
  /** Milliseconds of the machine's monotonic clock. */
  startedAt: number | undefined;
  /** Milliseconds that it took, all attempts of this run. */
  took: number | undefined;
  /** The last news and when it came. */
  news: { readonly text: string; readonly at: number } | undefined;
  error: RecordedError | undefined;
  gate: { readonly kind: 'approval' | 'human'; readonly text: string; readonly expires: string } | undefined;
}

/** What is shown of a run. */
export interface RunView {
  runbook: string;
  planHash: string;
  list: string;
  phases: readonly Phase[];
  words: Words;
  owner: { readonly owner: string; readonly epoch: number } | undefined;
  readonly commits: Set<'C1' | 'C2'>;
  readonly steps: Map<string, StepView>;
  startedAt: number;
}

export function emptyView(now: number): RunView {
  return {
    runbook: '',
    planHash: '',
    list: mainList,
    phases: [],
    words: defaultWords,
    owner: undefined,
    commits: new Set(),
    steps: new Map(),
    startedAt: now,
  };
}

/** Adds an event that came at `now`; the lines of the journal are added first, to show what earlier runs left. */
export function show(view: RunView, event: EngineEvent, now: number): void {
  switch (event.type) {
    case 'plan':
      view.runbook = event.runbook;
      view.planHash = event.planHash;
      view.phases = event.phases;
      view.words = event.words;
      setPlan(view, event.list, event.steps, event.fresh);
      return;
    case 'owner':
      view.owner = { owner: event.owner, epoch: event.ownerEpoch };
      return;
    case 'reset':
      for (const [id, { plan }] of view.steps) view.steps.set(id, pending(plan));
      view.commits.clear();
      return;
    case 'run.started':
      // Another list may have been shown last; `plan` has said what this one is.
      for (const step of view.steps.values()) if (step.state !== 'done') step.startedAt = undefined;
      return;
    case 'run.ended':
    case 'cancelled':
    case 'attested':
    case 'rollback.abandoned':
    case 'downtime':
    case 'notice':
      return;
    default:
      showStep(view, event, now);
  }
}

function setPlan(view: RunView, list: string, steps: readonly PlannedStep[], fresh: boolean): void {
  const before = view.list === list && !fresh ? new Map(view.steps) : new Map<string, StepView>();
  view.list = list;
  view.steps.clear();
  for (const plan of steps) view.steps.set(plan.id, { ...(before.get(plan.id) ?? pending(plan)), plan });
}

type StepNews =
  | Extract<JournalEntry, { stepVersion: number }>
  | Extract<EngineEvent, { type: 'looking' | 'progress' | 'gate.waiting' }>;

function showStep(view: RunView, event: StepNews, now: number): void {
  const step = view.steps.get(event.step);
  if (step === undefined) return;
  switch (event.type) {
    case 'looking':
    case 'intent':
    case 'undo.intent':
      step.state = 'running';
      step.startedAt ??= now;
      step.error = undefined;
      return;
    case 'progress':
      step.news = { text: event.text, at: now };
      return;
    case 'op':
      step.news = { text: event.operation, at: now };
      return;
    case 'applied':
      step.news = { text: 'verifying', at: now };
      return;
    case 'verified':
      step.state = 'done';
      step.how = event.how;
      step.evidence = event.evidence;
      step.gate = undefined;
      settle(step, now);
      return;
    case 'failed':
      step.state = 'failed';
      step.error = event.error;
      settle(step, now);
      return;
    case 'stopped':
    case 'drift':
      step.state = 'stopped';
      step.error = {
        code: event.state.toUpperCase(),
        message: `${event.state}: ${event.reason ?? ''}`,
        causes: [],
      };
      settle(step, now);
      return;
    case 'gate.open':
    case 'gate.waiting':
      step.state = 'gate';
      step.startedAt ??= now;
      step.gate = event;
      return;
    case 'gate.approved':
    case 'gate.denied':
    case 'gate.expired':
      step.state = event.type === 'gate.approved' ? 'running' : 'stopped';
      if (event.type === 'gate.approved') step.gate = undefined;
      return;
    case 'commit':
      view.commits.add(event.point);
      return;
    case 'undone':
      step.state = 'undone';
      settle(step, now);
      return;
    case 'gate.refused':
    case 'gate.withdrawn':
      return;
  }
}

function settle(step: StepView, now: number): void {
  step.took = step.startedAt === undefined ? undefined : now - step.startedAt;
  step.news = undefined;
}

function pending(plan: PlannedStep): StepView {
  return {
    plan,
    state: 'pending',
    how: undefined,
    evidence: {},
    startedAt: undefined,
    took: undefined,
    news: undefined,
    error: undefined,
    gate: undefined,
  };
}
