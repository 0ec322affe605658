import type { RunMode } from '../journal/entry.ts';
import type { ListState } from '../journal/list-state.ts';
import type { JournalState } from '../journal/state.ts';
import type { StepRecord } from '../journal/step-record.ts';
import { StalePlanError, UsageError } from './errors.ts';
import { mainList, rollbackList } from './lists.ts';
import { type Choice, isPart } from './choose.ts';
import { changedSteps, type Plan } from './plan.ts';

/** What a command asks of the engine; `list` names one of the runbook's own lists, for `run` only. */
export interface RunRequest {
  readonly command: RunMode;
  readonly list?: string | undefined;
  /** Give up a rollback that cannot be completed, and go forward again; for `run` only. */
  readonly forward?: boolean | undefined;
}

/** What it comes to, given what the journal says. */
export interface RunDecision {
  readonly list: string;
  readonly mode: RunMode;
  /** Undo the list instead of performing it. */
  readonly undo: boolean;
  /**
   * A rollback is given up for it. `started over`: it came back past C1, so nothing recorded of the move counts any more.
   */
  readonly abandon?: 'gone on' | 'started over' | undefined;
}

/**
 * What a command means at this point.
 *
 * @param committed whether the commit point C1 is passed: see `isCommitted`.
 * @throws {UsageError} it makes no sense here; the message says what does.
 */
export function decideRun(
  { command, list, forward = false }: RunRequest,
  state: JournalState,
  committed = state.commits.has('C1'),
): RunDecision {
  if (list !== undefined && command !== 'run')
    throw new UsageError(`only run takes a list, ${command} does not`);
  if (goesBack(command, state)) return decideRollback(state, committed);
  const unfinished = rollbackUnderWay(state);
  if (forward && list === undefined) {
    const over = reverseMoveBegun(state) && !committed;
    const abandon = over ? 'started over' : 'gone on';
    if (unfinished) return { list: mainList, mode: 'run', undo: false, abandon };
    throw new UsageError('no rollback is under way: there is nothing to give up');
  }
  if (unfinished) {
    throw new UsageError(
      'a rollback was started and is not complete; `resume` completes it, `run --forward` gives it up',
    );
  }
  if (command === 'run') return { list: list ?? mainList, mode: 'run', undo: false };
  const { lastRun } = state;
  if (lastRun === undefined) {
    throw new UsageError(
      'there is nothing to resume: this state directory has seen no run; `run` starts one',
    );
  }
  const { list: last, mode, ended } = lastRun;
  // Going on after something that is over would begin it again, unasked.
  if (ended === 'ok' && (mode === 'rollback' || last !== mainList)) {
    throw new UsageError(
      `the last ${last === mainList ? mode : last} is complete: there is nothing to resume`,
    );
  }
  return { list: last, mode: 'resume', undo: false };
}

/** Whether a command begins a rollback or goes on with one. */
export function goesBack(command: RunMode, state: JournalState): boolean {
  if (command !== 'resume') return command === 'rollback';
  const { lastRun } = state;
  // One that has changed nothing yet bars no run, and is what a resume goes on with.
  return rollbackUnderWay(state) || (lastRun?.mode === 'rollback' && lastRun.ended !== 'ok');
}

/** Whether a command gives up a reverse move that has begun. */
export function givesUpReverseMove({ command, list, forward }: RunRequest, state: JournalState): boolean {
  return command === 'run' && list === undefined && forward === true && reverseMoveBegun(state);
}

/** Whether a rollback has begun to change something and is not complete. */
function rollbackUnderWay(state: JournalState): boolean {
  const undoing = stepsOf(state, mainList).some(({ status }) => status === 'undoing' || status === 'undone');
  return undoing || reverseMoveBegun(state);
}

function reverseMoveBegun(state: JournalState): boolean {
  return stepsOf(state, rollbackList).some(({ begun }) => begun !== undefined);
}

function stepsOf(state: JournalState, list: string): readonly StepRecord[] {
  return [...(state.lists.get(list)?.steps.values() ?? [])];
}

/**
 * Which part of the list a run performs: what is asked for, or, when it goes on after one that has not ended well, the
 * part that that one was told.
 */
export function decideChoice({ mode }: RunDecision, asked: Choice, { lastRun }: JournalState): Choice {
  const { from, until, only } = asked;
  return mode !== 'resume' || isPart(asked) ? { from, until, only } : (lastRun?.choice ?? {});
}

function decideRollback(state: JournalState, committed: boolean): RunDecision {
  if (state.lastRun === undefined && !committed) {
    throw new UsageError('there is nothing to roll back: this state directory has seen no run');
  }
  if (state.commits.has('C2')) {
    throw new UsageError('the commit point C2 is passed: there is nothing left to roll back to');
  }
  // Once a reverse move has started, the world passes back through C1 before it is complete.
  const undo = !committed && !reverseMoveBegun(state);
  return { list: undo ? mainList : rollbackList, mode: 'rollback', undo };
}

/**
 * Whether the plan may be run. `reviewed` is the hash (or at least 8 digits of it) that a person approved; a resumed
 * run is held against the plan of the run before.
 *
 * @throws {StalePlanError} the plan is not the one that was reviewed, or it changes what is done past C1.
 */
export function acceptPlan(
  decision: RunDecision,
  plan: Plan,
  state: JournalState,
  reviewed: string | undefined,
): void {
  const recorded = state.lists.get(plan.list);
  const changed = recorded === undefined ? [] : changedSteps(recorded.plan, plan.steps);
  if (reviewed !== undefined && (reviewed.length < 8 || !plan.hash.startsWith(reviewed))) {
    throw new StalePlanError(reviewed, plan.hash, changed, 'Review it: `plan`');
  }
  if (recorded === undefined || recorded.planHash === plan.hash) return;
  if (decision.undo) return requireUndoable(plan, recorded, changed);
  const done = changed.filter((id) => recorded.steps.get(id)?.begun !== undefined);
  if (done.length > 0 && state.commits.has('C1')) {
    const advice =
      'Past the commit point C1 no step that was done may change; restore the config, or roll back';
    throw new StalePlanError(recorded.planHash, plan.hash, done, advice);
  }
  if (reviewed === undefined) {
    const advice = 'Review it (`plan`), then run it: `run --plan HASH`';
    throw new StalePlanError(recorded.planHash, plan.hash, changed, advice);
  }
}

/** An undo works with what the config says now: where that has changed, it would undo something else than was done. */
function requireUndoable(plan: Plan, recorded: ListState, changed: readonly string[]): void {
  const planned = new Map(plan.steps.map((step) => [step.id, step]));
  const other = [...recorded.steps].flatMap(([id, { begun, status, inputHash, version }]) => {
    const now = planned.get(id);
    const same = now?.inputHash === inputHash && now.version === version;
    return begun === undefined || status === 'undone' || same ? [] : [id];
  });
  if (other.length === 0) return;
  const advice =
    `${other.join(', ')} was done with another config, and an undo would miss what it made. ` +
    'Restore the config with which it was done, then roll back';
  throw new StalePlanError(recorded.planHash, plan.hash, changed, advice);
}
