import { UsageError } from './errors.ts';
import { phases, type Step } from './step.ts';

/** Which part of a list of steps to perform. */
export interface Choice {
  /** A step or a phase: that and all before it. */
  readonly until?: string;
  /** A step: that one alone. */
  readonly only?: string;
}

/**
 * The steps that a choice means, in order.
 *
 * @throws {UsageError} it names no step and no phase.
 */
export function chooseSteps<World>(
  steps: readonly Step<World>[],
  { until, only }: Choice,
): readonly Step<World>[] {
  if (only !== undefined && until !== undefined)
    throw new UsageError('--only and --until exclude each other');
  if (only !== undefined) return steps.filter(({ id }) => id === known(steps, only));
  if (until === undefined) return steps;
  const phase = phases.find(
    (id) => id === until || id.slice(2) === until || id.slice(0, 1) === until.toLowerCase(),
  );
  if (phase !== undefined) return steps.filter((step) => phases.indexOf(step.phase) <= phases.indexOf(phase));
  const last = steps.findIndex(({ id }) => id === known(steps, until));
  return steps.slice(0, last + 1);
}

function known<World>(steps: readonly Step<World>[], id: string): string {
  if (steps.some((step) => step.id === id)) return id;
  throw new UsageError(`there is no step ${id}; the steps are ${steps.map((step) => step.id).join(', ')}`);
}
