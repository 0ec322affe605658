import { randomBytes } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import type { Decide } from '../gates/answer.ts';
import type { JournalEntry } from '../journal/entry.ts';
import { bootId } from '../journal/holder.ts';
import { Journal } from '../journal/journal.ts';
import { lock } from '../journal/lock.ts';
import { readJournal } from '../journal/read.ts';
import { createRedactor } from '../journal/redactor.ts';
import { emptyState, foldEntry, type JournalState } from '../journal/state.ts';
import { openStateDirectory, type StateDirectory } from '../journal/state-directory.ts';
import { type Choice, chooseSteps } from './choose.ts';
import { acceptPlan, decideRun, type RunCommand, type RunDecision } from './decide-run.ts';
import { InterruptedRunError, UsageError } from './errors.ts';
import { EventQueue } from './event-queue.ts';
import type { EngineEvent } from './events.ts';
import { gravestOutcome, type Outcome } from './outcome.ts';
import { makePlan, stepsOf } from './plan.ts';
import { recheck } from './recheck.ts';
import type { Runbook } from './runbook.ts';
import { performAll } from './schedule.ts';
import { listState, record, recordOf, type Session } from './session.ts';
import type { Step } from './step.ts';
import { undoAll } from './undo.ts';

export interface RunOptions<World> extends Choice {
  readonly runbook: Runbook<World>;
  /** Where the journal is; made where it is missing. */
  readonly stateDirectory: string;
  readonly command: RunCommand;
  /** The plan's hash (at least 8 digits) that a person reviewed. Needed to run a plan that is new or has changed. */
  readonly plan?: string;
  /** Apply again what has drifted, instead of stopping there. */
  readonly repair?: boolean;
  /** Asks at the terminal when a gate opens; gates can be answered by other processes in any case. */
  readonly decide?: Decide;
}

/** A run under way. */
export interface Run {
  /** Everything that happens, in order; ends with the run. */
  readonly events: AsyncIterable<EngineEvent>;
  /**
   * How it ended. Rejects with a `CutoverError` when it could not begin (locked, stale plan, damaged journal, misuse):
   * nothing was changed then.
   */
  readonly outcome: Promise<Outcome>;
  /** Begins nothing new; what runs goes on to its end (the first Ctrl-C). */
  drain(): void;
  /** Cuts off what runs (the second Ctrl-C). A later `resume` finds out how far it came. */
  abort(): void;
}

/** Runs a runbook, or goes on where an earlier run of it stopped. */
export function startRun<World>(options: RunOptions<World>): Run {
  const events = new EventQueue<EngineEvent>();
  const draining = new AbortController();
  const aborting = new AbortController();
  const drain = (): void => draining.abort(new InterruptedRunError());
  const signals = { draining: draining.signal, signal: aborting.signal };
  const outcome = execute(options, { ...signals, drain, emit: (event) => events.push(event) }).finally(() =>
    events.end(),
  );
  // Whoever only follows the events must not crash on it; whoever awaits the outcome gets it all the same.
  outcome.catch(() => undefined);
  return {
    events,
    outcome,
    drain,
    abort: () => {
      drain();
      aborting.abort(new InterruptedRunError());
    },
  };
}

interface Controls {
  readonly draining: AbortSignal;
  readonly signal: AbortSignal;
  drain(): void;
  emit(event: EngineEvent): void;
}

async function execute<World>(options: RunOptions<World>, controls: Controls): Promise<Outcome> {
  const { runbook, command } = options;
  const directory = await openStateDirectory(options.stateDirectory);
  await using held = await lock(directory);
  void held;
  const state = emptyState();
  const redactor = createRedactor(runbook.secretsToRedact);
  const visit = (entry: JournalEntry): void => foldEntry(state, entry);
  await using journal = await Journal.open(directory.journal, redactor, visit);
  const decision = decideRun(command, state);
  const plan = makePlan(runbook, decision.list, directory.key);
  acceptPlan(decision, plan, state, options.plan);
  const session: Session<World> = {
    runbook,
    directory,
    journal,
    state,
    redactor,
    list: decision.list,
    plan,
    runId: state.runId ?? randomBytes(4).toString('hex'),
    signal: controls.signal,
    draining: controls.draining,
    decide: options.decide,
    emit: (event) => controls.emit(event),
  };
  const steps = chooseSteps(stepsOf(runbook, decision.list), options);
  if (!decision.undo) requireNeeds(session, steps);
  await begin(session, decision);
  const outcome = decision.undo
    ? await undoAll(session, steps)
    : await performRest(session, steps, options.repair ?? false, () => controls.drain());
  await finish(session, decision, outcome);
  return outcome;
}

async function begin<World>(session: Session<World>, { list, mode }: RunDecision): Promise<void> {
  const known = listState(session);
  const over =
    known !== undefined && known.plan.every(({ id }) => known.steps.get(id)?.status === 'verified');
  const fresh = known === undefined || (list !== 'cutover' && over);
  const { hash: planHash, steps } = session.plan;
  if (fresh || known.planHash !== planHash) {
    const { name, standIns } = session.runbook;
    await record(session, { event: 'plan', planHash, runbook: name, steps, standIns, fresh });
  }
  const { username: user } = userInfo();
  const runner = { pid: process.pid, host: hostname(), user, bootId: await bootId() };
  await record(session, { event: 'run.started', mode, runner });
}

async function performRest<World>(
  session: Session<World>,
  steps: readonly Step<World>[],
  repair: boolean,
  stopStarting: () => void,
): Promise<Outcome> {
  const { done, outcomes } = await recheck(session, stepsOf(session.runbook, session.list), repair);
  if (session.signal.aborted) return { result: 'interrupted', reason: 'interrupted' };
  if (outcomes.length > 0) return gravestOutcome(outcomes);
  return performAll(session, { steps, done, stopStarting });
}

/** Refuses to perform a part of the list whose needs are neither in that part nor done. */
function requireNeeds<World>(session: Session<World>, steps: readonly Step<World>[]): void {
  const wanted = new Set(steps.map(({ id }) => id));
  for (const { id, needs } of session.plan.steps.filter((step) => wanted.has(step.id))) {
    const missing = needs.filter(
      (need) => !wanted.has(need) && recordOf(session, { id: need })?.status !== 'verified',
    );
    if (missing.length > 0) throw new UsageError(`${id} needs ${missing.join(', ')}, which is not done yet`);
  }
}

async function finish<World>(
  session: Session<World>,
  { mode }: RunDecision,
  outcome: Outcome,
): Promise<void> {
  const { result, step, reason } = outcome;
  if (mode === 'rollback' && result === 'ok') await record(session, { event: 'reset' });
  await record(session, {
    event: 'run.ended',
    result,
    ...(step === undefined ? {} : { step }),
    ...(reason === undefined ? {} : { reason }),
  });
}

/** What the journal in a state directory says, without holding its lock: a line being written is left out. */
export async function readState(directory: StateDirectory): Promise<JournalState> {
  const state = emptyState();
  await readJournal(directory.journal, (entry) => foldEntry(state, entry));
  return state;
}
