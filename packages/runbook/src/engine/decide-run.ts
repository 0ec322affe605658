import type { ListId, RunMode } from '../journal/entry.ts';
import type { JournalState } from '../journal/state.ts';
import { StalePlanError, UsageError } from './errors.ts';
import { changedSteps, type Plan } from './plan.ts';

/** What a command asks of the engine. */
export type RunCommand = 'run' | 'resume' | 'rollback' | 'reboot-proof';

/** What it comes to, given what the journal says. */
export interface RunDecision {
  readonly list: ListId;
  readonly mode: RunMode;
  /** Undo the list instead of performing it. */
  readonly undo: boolean;
}

/**
 * What a command means at this point of the cutover.
 *
 * @throws {UsageError} it makes no sense here; the message says what does.
 */
export function decideRun(command: RunCommand, state: JournalState): RunDecision {
  const unfinished = rollbackUnderWay(state);
  if (command === 'rollback' || (command === 'resume' && unfinished)) return decideRollback(state);
  if (unfinished) {
    throw new UsageError('a rollback was begun and is not complete; `cutover resume` completes it');
  }
  if (command === 'reboot-proof') return { list: 'reboot-proof', mode: 'reboot-proof', undo: false };
  if (command === 'run') return { list: 'cutover', mode: 'run', undo: false };
  if (state.lastRun === undefined) {
    throw new UsageError(
      'there is nothing to resume: this state directory has seen no run; `cutover run` starts one',
    );
  }
  const { list, mode, ended } = state.lastRun;
  // Going on after something that is over would begin it again, unasked.
  if (ended === 'ok' && (mode === 'rollback' || list !== 'cutover')) {
    throw new UsageError(`the last ${mode} is complete: there is nothing to resume`);
  }
  return { list, mode: 'resume', undo: false };
}

/** Whether a rollback was begun and not completed. */
export function rollbackUnderWay(state: JournalState): boolean {
  const steps = [...(state.lists.get('cutover')?.steps.values() ?? [])];
  return (
    state.lists.has('reverse') || steps.some(({ status }) => status === 'undoing' || status === 'undone')
  );
}

function decideRollback(state: JournalState): RunDecision {
  if (state.commits.has('C2')) {
    throw new UsageError('the old workspace was deleted (commit point C2): there is nothing to roll back to');
  }
  const undo = !state.commits.has('C1');
  return { list: undo ? 'cutover' : 'reverse', mode: 'rollback', undo };
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
    throw new StalePlanError(reviewed, plan.hash, changed, 'Review it: `cutover plan`');
  }
  if (recorded === undefined || recorded.planHash === plan.hash || decision.undo) return;
  const done = changed.filter((id) => recorded.steps.get(id)?.begun !== undefined);
  if (done.length > 0 && state.commits.has('C1')) {
    const advice =
      'Past the commit point C1 no step that was done may change; restore the config, or roll back';
    throw new StalePlanError(recorded.planHash, plan.hash, done, advice);
  }
  if (reviewed === undefined) {
    const advice = 'Review it (`cutover plan`), then run it: `cutover run --plan HASH`';
    throw new StalePlanError(recorded.planHash, plan.hash, changed, advice);
  }
}
