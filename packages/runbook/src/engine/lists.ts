import { InvalidRunbookError } from './errors.ts';
import type { Runbook } from './runbook.ts';
import type { Step } from './step.ts';

/** The name of the list of `Runbook.steps`. */
export const mainList = 'main';

/** The name of the list of `Runbook.rollbackAfterCommit`. */
export const rollbackList = 'rollback';

/**
 * The steps of one of the runbook's lists.
 *
 * @throws {InvalidRunbookError} it has no such list.
 */
export function stepsOf<World>(runbook: Runbook<World>, list: string): readonly Step<World>[] {
  const own = Object.entries(runbook.lists ?? {}).find(([name]) => name === list)?.[1];
  if (own !== undefined && (list === mainList || list === rollbackList)) {
    throw new InvalidRunbookError(
      `${runbook.name} has a list named ${list}, which every runbook has; rename it`,
    );
  }
  const steps = list === mainList ? runbook.steps : list === rollbackList ? runbook.rollbackAfterCommit : own;
  if (steps === undefined)
    throw new InvalidRunbookError(`${runbook.name} has no list of steps named ${list}`);
  return steps;
}
