import { UsageError } from './errors.ts';
import type { Phase } from './phase.ts';
import type { Step } from './step.ts';

/** Which part of a list of steps to perform. */
export interface Choice {
  /** A step, or a phase (the beginning of its id is enough): that and all after it. What is before it must be done. */
  readonly from?: string | undefined;
  /** A step, or a phase (the beginning of its id is enough): that and all before it. */
  readonly until?: string | undefined;
  /** A step: that one alone. */
  readonly only?: string | undefined;
}

/** Whether it means a part of the list, and not all of it. */
export function isPart({ from, until, only }: Choice): boolean {
  return from !== undefined || until !== undefined || only !== undefined;
}

/**
 * The steps that a choice means, in order.
 *
 * @throws {UsageError} it names no step and no phase.
 */
export function chooseSteps<World>(
  steps: readonly Step<World>[],
  phases: readonly Phase[],
  { from, until, only }: Choice,
): readonly Step<World>[] {
  if (only !== undefined) {
    if (until !== undefined || from !== undefined)
      throw new UsageError(`--only and --${until === undefined ? 'from' : 'until'} exclude each other`);
    return steps.filter(({ id }) => id === known(steps, only));
  }
  const first = from === undefined ? 0 : placesOf(steps, phases, from).first;
  const last = until === undefined ? steps.length - 1 : placesOf(steps, phases, until).last;
  if (first > last && steps.length > 0)
    throw new UsageError(`${from} comes after ${until}: there is nothing between them`);
  return steps.slice(first, last + 1);
}

/** The places of the first and the last step that a step's or a phase's name means. */
function placesOf<World>(
  steps: readonly Step<World>[],
  phases: readonly Phase[],
  name: string,
): { readonly first: number; readonly last: number } {
  const place = steps.findIndex(({ id }) => id === name);
  if (place !== -1) return { first: place, last: place };
  const ids = phases.map(({ id }) => id);
  const phase = ids.includes(name) ? ids.indexOf(name) : beginningWith(ids, name);
  if (phase === -1) {
    const names = steps.map(({ id }) => id).join(', ');
    throw new UsageError(`${name} is neither a phase (${ids.join(', ')}) nor a step (${names})`);
  }
  const before = steps.filter((step) => ids.indexOf(step.phase) < phase).length;
  const upTo = steps.filter((step) => ids.indexOf(step.phase) <= phase).length;
  return { first: before, last: upTo - 1 };
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
