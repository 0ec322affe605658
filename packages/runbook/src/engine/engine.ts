import { randomBytes } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { AsyncQueue } from '@cutover/foundation/async-queue';
import type { Decide } from '../gates/answer.ts';
import { forgetCancelRequest, watchForCancel } from '../gates/cancel.ts';
import type { JournalEntry } from '../journal/entry.ts';
import { bootId } from '../journal/holder.ts';
import { Journal } from '../journal/journal.ts';
import { lock } from '../journal/lock.ts';
import { createRedactor } from '../journal/redactor.ts';
import { emptyState, foldEntry } from '../journal/state.ts';
import { openStateDirectory } from '../journal/state-directory.ts';
import { type Choice, chooseSteps, isPart } from './choose.ts';
import { isCommitted, takeClaim } from './take-claim.ts';
import { acceptPlan, decideChoice, decideRun, type RunDecision, type RunRequest } from './decide-run.ts';
import { InterruptedRunError, UsageError } from './errors.ts';
import type { EngineEvent } from './events.ts';
import { gravestOutcome, type Outcome } from './outcome.ts';
import { mainList, rollbackList, stepsOf } from './lists.ts';
import { createNotifier } from './notify.ts';
import { makePlan } from './plan.ts';
import { recheck } from './recheck.ts';
import type { Runbook } from './runbook.ts';
import { performAll } from './schedule.ts';
import { isCurrent, listState, record, recordOf, type Session } from './session.ts';
import type { Step } from './step.ts';
import { undoAll } from './undo.ts';
import { defaultWords } from './words.ts';

/** What to run, where its journal is, and how a person has agreed to it. */
export interface RunOptions<World> extends Choice, RunRequest {
  readonly runbook: Runbook<World>;
  /** Where the journal is; made where it is missing. */
  readonly stateDirectory: string;
  /** The plan's hash (at least 8 digits) that a person reviewed. Needed to run a plan that is new or has changed. */
  readonly plan?: string | undefined;
  /** Apply again what has drifted, instead of stopping there. */
  readonly repair?: boolean | undefined;
  /** Asks at the terminal when a gate opens; gates can be answered by other processes in any case. */
  readonly decide?: Decide | undefined;
  /** Cuts off what runs, as `Run.abort` does. */
  readonly signal?: AbortSignal | undefined;
}

/** A run under way. */
export interface Run {
  /** Everything that happens, in order; ends with the run. */
  readonly events: AsyncIterable<EngineEvent>;
  /**
   * How it ended. Rejects with a `RunbookError` when it could not begin (locked, stale plan, damaged journal, misuse):
   * nothing was changed then.
   */
  readonly outcome: Promise<Outcome>;
  /** Begins nothing new; what runs goes on to its end (the first Ctrl-C). */
  drain(): void;
  /** Cuts off what runs (the second Ctrl-C). A later `resume` finds out how far it came. */
  abort(): void;
}

/**
 * Runs a runbook, or goes on where an earlier run of it stopped.
 *
 * @example
 * const run = startRun({ runbook, command: 'run', stateDirectory: '/var/lib/greeting', plan: reviewedHash });
 * for await (const event of run.events) console.log(event.type);
 * const { result } = await run.outcome;
 */
export function startRun<World>(options: RunOptions<World>): Run {
  const events = new AsyncQueue<EngineEvent>();
  const draining = new AbortController();
  const aborting = new AbortController();
  const drain = (): void => draining.abort(new InterruptedRunError());
  const signals = { draining: draining.signal, signal: aborting.signal };
  const abort = (): void => {
    drain();
    aborting.abort(new InterruptedRunError());
  };
  options.signal?.addEventListener('abort', abort, { once: true });
  if (options.signal?.aborted === true) abort();
  const outcome = execute(options, { ...signals, drain, emit: (event) => events.push(event) }).finally(() => {
    options.signal?.removeEventListener('abort', abort);
    events.end();
  });
  // A program that only follows the events must not crash on it; one that awaits the outcome gets it all the same.
  outcome.catch(() => undefined);
  return { events, outcome, drain, abort };
}

interface Controls {
  readonly draining: AbortSignal;
  readonly signal: AbortSignal;
  drain(): void;
  emit(event: EngineEvent): void;
}

async function execute<World>(options: RunOptions<World>, controls: Controls): Promise<Outcome> {
  const { runbook } = options;
  const directory = await openStateDirectory(options.stateDirectory);
  await using held = await lock(directory);
  void held;
  // From here on a request is meant for this run, also while the claim is still being taken.
  await forgetCancelRequest(directory.answers);
  const state = emptyState();
  const redactor = createRedactor(runbook.secretsToRedact ?? []);
  const visit = (entry: JournalEntry): void => foldEntry(state, entry);
  await using journal = await Journal.open(directory.journal, redactor, visit);
  const runId = state.runId ?? randomBytes(4).toString('hex');
  await using claim = await takeClaim(runbook, { directory, journal, state, runId }, controls.signal);
  const decision = decideRun(options, state, await isCommitted(runbook, options, state, controls.signal));
  const plan = makePlan(runbook, decision.list, directory.key);
  acceptPlan(decision, plan, state, options.plan);
  await using notifier = createNotifier(runbook.notify ?? [], state, (text) =>
    controls.emit({ type: 'notice', text: redactor.text(text) }),
  );
  const session: Session<World> = {
    runbook,
    directory,
    journal,
    state,
    redactor,
    list: decision.list,
    plan,
    runId,
    signal: controls.signal,
    draining: controls.draining,
    claim,
    decide: options.decide,
    emit(event) {
      notifier.event(event);
      controls.emit(event);
    },
  };
  const choice = decideChoice(decision, options, state);
  const steps = chooseSteps(stepsOf(runbook, decision.list), runbook.phases, choice);
  if (!decision.undo) requireNeeds(session, steps);
  try {
    await begin(session, decision, choice);
    using cancelling = await watchForCancel(directory.answers, async (request) => {
      await record(session, { type: 'cancelled', ...request });
      controls.drain();
    });
    const outcome = decision.undo
      ? await undoAll(session, steps)
      : await performRest(session, steps, options.repair ?? decision.abandon !== undefined, () =>
          controls.drain(),
        );
    await cancelling.settled();
    await finish(session, decision, outcome);
    return outcome;
  } catch (error) {
    // The journal may be what failed: no event tells of it.
    notifier.brokenOff(redactor.text(error instanceof Error ? error.message : String(error)));
    throw error;
  }
}

async function begin<World>(
  session: Session<World>,
  { list, mode, abandon }: RunDecision,
  choice: Choice,
): Promise<void> {
  if (abandon === 'gone on') await record(session, { type: 'rollback.abandoned' });
  if (abandon === 'started over') await record(session, { type: 'reset', abandoned: true });
  const known = listState(session);
  const over =
    known !== undefined && known.plan.every(({ id }) => known.steps.get(id)?.status === 'verified');
  // What a rollback that changed nothing has found may be otherwise by now.
  const untouched = [...(known?.steps.values() ?? [])].every(({ begun }) => begun === undefined);
  const fresh = known === undefined || (list !== mainList && over) || (list === rollbackList && untouched);
  const { hash: planHash, steps } = session.plan;
  if (fresh || known.planHash !== planHash) {
    const { name, phases, words = defaultWords, standIns = [] } = session.runbook;
    await record(session, { type: 'plan', planHash, runbook: name, phases, words, steps, standIns, fresh });
  }
  const { username: user } = userInfo();
  const runner = { pid: process.pid, host: hostname(), user, bootId: await bootId() };
  const part = isPart(choice) ? { choice } : {};
  await record(session, { type: 'run.started', mode, runner, ...part });
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
  return performAll(session, { steps: withUnmetNeeds(session, steps, done), done, stopStarting });
}

/** The steps of a part of the list, and those before it that it stands on and that have to be applied again. */
function withUnmetNeeds<World>(
  { runbook, list, plan }: Session<World>,
  part: readonly Step<World>[],
  done: ReadonlySet<string>,
): readonly Step<World>[] {
  const wanted = new Set(part.map(({ id }) => id));
  // From the last to the first: what a step needs stands before it.
  for (const { id, needs } of plan.steps.toReversed())
    if (wanted.has(id)) for (const need of needs) if (!done.has(need)) wanted.add(need);
  return stepsOf(runbook, list).filter(({ id }) => wanted.has(id));
}

/** Refuses to perform a part of the list whose needs are neither in that part nor done as they are planned now. */
function requireNeeds<World>(session: Session<World>, steps: readonly Step<World>[]): void {
  const wanted = new Set(steps.map(({ id }) => id));
  for (const { id, needs } of session.plan.steps.filter((step) => wanted.has(step.id))) {
    const outside = needs.filter((need) => !wanted.has(need));
    const missing = outside.filter((need) => recordOf(session, { id: need })?.status !== 'verified');
    if (missing.length > 0) throw new UsageError(`${id} needs ${missing.join(', ')}, which is not done yet`);
    const changed = outside.filter((need) => {
      const known = recordOf(session, { id: need });
      return known === undefined || !isCurrent(session.plan, need, known);
    });
    if (changed.length > 0)
      throw new UsageError(`${id} needs ${changed.join(', ')}, which was done with another config`);
  }
}

async function finish<World>(
  session: Session<World>,
  { mode }: RunDecision,
  outcome: Outcome,
): Promise<void> {
  const { result, step, reason } = outcome;
  if (mode === 'rollback' && result === 'ok') await record(session, { type: 'reset' });
  await record(session, {
    type: 'run.ended',
    result,
    ...(step === undefined ? {} : { step }),
    ...(reason === undefined ? {} : { reason }),
  });
}
