import type { JournalEntry, JournalEvent, StepEvent, StepIdentity } from '../journal/entry.ts';
import type { Journal } from '../journal/journal.ts';
import type { ListState } from '../journal/list-state.ts';
import { foldEntry, type JournalState } from '../journal/state.ts';
import type { StepRecord } from '../journal/step-record.ts';
import type { StateDirectory } from '../journal/state-directory.ts';
import type { Decide } from '../gates/answer.ts';
import type { Redactor } from '../journal/redactor.ts';
import { InvalidRunbookError } from './errors.ts';
import type { EngineEvent } from './events.ts';
import type { Plan } from './plan.ts';
import type { Runbook } from './runbook.ts';
import type { Step } from './step.ts';
import type { TakenClaim } from './take-claim.ts';

type WithoutIdentity<T> = T extends unknown ? Omit<T, keyof StepIdentity> : never;

/** One runner at work on one list of steps: what its parts share. */
export interface Session<World> {
  readonly runbook: Runbook<World>;
  readonly directory: StateDirectory;
  readonly journal: Journal;
  readonly state: JournalState;
  readonly redactor: Redactor;
  readonly list: string;
  readonly plan: Plan;
  readonly runId: string;
  /** Aborts what runs. */
  readonly signal: AbortSignal;
  /** Aborts when nothing new may begin; what runs goes on to its end. */
  readonly draining: AbortSignal;
  readonly claim: Pick<TakenClaim, 'confirm'>;
  readonly decide: Decide | undefined;
  emit(event: EngineEvent): void;
}

/** Writes an event to the journal, adds it to what is known, and tells it. */
export async function record<World>(session: Session<World>, event: JournalEvent): Promise<JournalEntry> {
  const { state, list, runId } = session;
  const entry = await session.journal.append(event, { runId, epoch: state.owner?.epoch ?? 0, list });
  foldEntry(state, entry);
  session.emit(entry);
  return entry;
}

/** Writes an event of one step. */
export async function recordStep<World>(
  session: Session<World>,
  step: Step<World>,
  attempt: number,
  event: WithoutIdentity<StepEvent>,
): Promise<JournalEntry> {
  const planned = session.plan.steps.find(({ id }) => id === step.id);
  if (planned === undefined) throw new InvalidRunbookError(`step ${step.id} is not in the plan`);
  const identity = { step: step.id, stepVersion: step.version, inputHash: planned.inputHash, attempt };
  return record(session, { ...identity, ...event });
}

/** What is known of this list. */
export function listState<World>(session: Session<World>): ListState | undefined {
  return session.state.lists.get(session.list);
}

/** What is known of a step; `undefined`: nothing, or it was undone. */
export function recordOf<World>(
  session: Session<World>,
  step: { readonly id: string },
): StepRecord | undefined {
  const known = listState(session)?.steps.get(step.id);
  return known?.status === 'undone' ? undefined : known;
}

/** Whether what is recorded of a step is about the step as it is planned now. */
export function isCurrent(plan: Plan, id: string, known: StepRecord): boolean {
  const planned = plan.steps.find((step) => step.id === id);
  return planned !== undefined && planned.inputHash === known.inputHash && planned.version === known.version;
}
