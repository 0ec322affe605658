import { UsageError } from './errors.ts';
import type { Phase } from './phase.ts';
import type { Step } from './step.ts';

/** Which part of a list of steps to perform. */
export interface Choice {
  /** A step, or a phase (the beginning of its id is enough): that and all before it. */
  readonly until?: string | undefined;
  /** A step: that one alone. */
  readonly only?: string | undefined;
}

/**
 * The steps that a choice means, in order.
 *
 * @throws {UsageError} it names no step and no phase.
 */
export function chooseSteps<World>(
  steps: readonly Step<World>[],
  phases: readonly Phase[],
  { until, only }: Choice,
): readonly Step<World>[] {
  if (only !== undefined && until !== undefined)
    throw new UsageError('--only and --until exclude each other');
  if (only !== undefined) return steps.filter(({ id }) => id === known(steps, only));
  if (until === undefined) return steps;
  const last = steps.findIndex(({ id }) => id === until);
  if (last !== -1) return steps.slice(0, last + 1);
  const ids = phases.map(({ id }) => id);
  const phase = ids.includes(until) ? ids.indexOf(until) : beginningWith(ids, until);
  if (phase !== -1) return steps.filter((step) => ids.indexOf(step.phase) <= phase);
  const names = steps.map(({ id }) => id).join(', ');
  throw new UsageError(`${until} is neither a phase (${ids.join(', ')}) nor a step (${names})`);
}

/** The place of the one id that begins with `start`; -1 for none, and for more than one. */
function beginningWith(ids: readonly string[], start: string): number {
  const found = ids.filter((id) => id.startsWith(start.toLowerCase()));
  return found.length === 1 ? ids.indexOf(found[0] ?? '') : -1;
}

function known<World>(steps: readonly Step<World>[], id: string): string {
  if (steps.some((step) => step.id === id)) return id;
  throw new UsageError(`there is no step ${id}; the steps are ${steps.map((step) => step.id).join(', ')}`);
}
