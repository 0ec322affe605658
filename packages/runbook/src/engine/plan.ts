import type { PlannedStep } from '../journal/entry.ts';
import { InvalidRunbookError } from './errors.ts';
import { hashInputs } from './inputs.ts';
import { stepsOf } from './lists.ts';
import type { Phase } from './phase.ts';
import type { Runbook } from './runbook.ts';
import type { Step } from './step.ts';

/** What would run, and the hash by which a person approves exactly this. */
export interface Plan {
  readonly list: string;
  readonly runbook: string;
  /** 64 hex digits; people use the first 12. */
  readonly hash: string;
  readonly steps: readonly PlannedStep[];
}

/**
 * Lays out the steps of a list, with their needs resolved and their inputs hashed under `key`.
 *
 * @throws {InvalidRunbookError} the list cannot be run: see the message.
 */
export function makePlan<World>(runbook: Runbook<World>, list: string, key: Uint8Array): Plan {
  const steps = stepsOf(runbook, list);
  const needs = resolveNeeds(steps, runbook.phases);
  const planned = steps.map((step): PlannedStep => ({
    id: step.id,
    version: step.version,
    phase: step.phase,
    title: step.title,
    ...(step.on === undefined ? {} : { on: step.on }),
    kind: step.kind,
    needs: [...(needs.get(step.id) ?? [])],
    inputHash: hashInputs(step.inputs(runbook.world), key),
    ...(step.gate === undefined ? {} : { gate: step.gate.kind }),
    ...(step.commitPoint === undefined ? {} : { commitPoint: step.commitPoint }),
    timeout: step.timeout,
  }));
  return {
    list,
    runbook: runbook.name,
    hash: hashInputs([runbook.name, list, planned.map(reviewed)], key),
    steps: planned,
  };
}

/** What of a step a person reviews: how long it may take and where it works are there for show. */
function reviewed({ timeout: _timeout, on: _on, ...step }: PlannedStep): Omit<PlannedStep, 'timeout' | 'on'> {
  return step;
}

/** Which steps of `current` are not as they were in `recorded`, added and removed ones included. */
export function changedSteps(recorded: readonly PlannedStep[], current: readonly PlannedStep[]): string[] {
  const before = new Map(recorded.map((step) => [step.id, JSON.stringify(reviewed(step))]));
  const changed = current
    .filter((step) => before.get(step.id) !== JSON.stringify(reviewed(step)))
    .map(({ id }) => id);
  const now = new Set(current.map(({ id }) => id));
  return [...changed, ...recorded.filter(({ id }) => !now.has(id)).map(({ id }) => id)];
}

/** Each step's needs, barriers of commit points included. */
function resolveNeeds<World>(
  steps: readonly Step<World>[],
  phases: readonly Phase[],
): Map<string, Set<string>> {
  const known = new Set(phases.map(({ id }) => id));
  const needs = new Map<string, Set<string>>();
  let before: string | undefined;
  let barrier: string | undefined;
  for (const step of steps) {
    validate(step, needs, known);
    const own =
      step.commitPoint === undefined
        ? (step.needs?.map(({ id }) => id) ?? (before === undefined ? [] : [before]))
        : needs.keys();
    const resolved = new Set(own);
    if (barrier !== undefined) resolved.add(barrier);
    needs.set(step.id, resolved);
    if (step.commitPoint !== undefined) barrier = step.id;
    before = step.id;
  }
  for (const step of steps) {
    if (step.holdsUntil !== undefined && !needs.has(step.holdsUntil)) {
      throw new InvalidRunbookError(`step ${step.id} holds until ${step.holdsUntil}, which is not a step`);
    }
  }
  return needs;
}

function validate<World>(
  step: Step<World>,
  earlier: ReadonlyMap<string, unknown>,
  phases: ReadonlySet<string>,
): void {
  const fail = (what: string): never => {
    throw new InvalidRunbookError(`step ${step.id} ${what}`);
  };
  if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(step.id)) fail('must have an id in kebab-case');
  if (earlier.has(step.id)) fail('is there twice');
  if (!phases.has(step.phase)) fail(`is of phase ${step.phase}, which the runbook does not have`);
  for (const { id } of step.needs ?? []) {
    if (!earlier.has(id)) fail(`needs ${id}, which is not an earlier step of its list`);
  }
  if (step.check === undefined && step.verify === undefined) fail('has neither check nor verify');
  if (step.gate?.kind === 'human' && step.check === undefined)
    fail('waits for a person and has no check to see them');
  if (step.kind === 'compensable' && step.undo === undefined && step.leaves === undefined) {
    fail('is compensable and has no undo, nor says what a rollback leaves behind');
  }
  if (!(step.timeout > 0)) fail('must have a timeout above 0');
}
