import type { ListId, PlannedStep } from '../journal/entry.ts';
import { RunbookError } from './errors.ts';
import { hashInputs } from './inputs.ts';
import type { Runbook } from './runbook.ts';
import { phases, type Step } from './step.ts';

/** What would run, and the hash by which a person approves exactly this. */
export interface Plan {
  readonly list: ListId;
  readonly runbook: string;
  /** 64 hex digits; people use the first 12. */
  readonly hash: string;
  readonly steps: readonly PlannedStep[];
}

/** The steps of one of the runbook's lists. */
export function stepsOf<World>(runbook: Runbook<World>, list: ListId): readonly Step<World>[] {
  const lists = {
    cutover: runbook.steps,
    reverse: runbook.rollbackAfterCommit,
    'reboot-proof': runbook.rebootProof,
  };
  const steps = lists[list];
  if (steps === undefined) throw new RunbookError(`${runbook.name} has no ${list} steps`);
  return steps;
}

/**
 * Lays out the steps of a list, with their needs resolved and their inputs hashed under `key`.
 *
 * @throws {RunbookError} the list cannot be run: see the message.
 */
export function makePlan<World>(runbook: Runbook<World>, list: ListId, key: Uint8Array): Plan {
  const steps = stepsOf(runbook, list);
  const needs = resolveNeeds(steps);
  const planned = steps.map((step): PlannedStep => ({
    id: step.id,
    version: step.version,
    phase: step.phase,
    title: step.title,
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

/** What of a step a person reviews: how long it may take is not part of it. */
function reviewed({ timeout: _timeout, ...step }: PlannedStep): Omit<PlannedStep, 'timeout'> {
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
export function resolveNeeds<World>(steps: readonly Step<World>[]): Map<string, Set<string>> {
  const needs = new Map<string, Set<string>>();
  let before: string | undefined;
  let barrier: string | undefined;
  for (const step of steps) {
    validate(step, needs);
    const own =
      step.commitPoint === undefined ? (step.needs ?? (before === undefined ? [] : [before])) : needs.keys();
    const resolved = new Set(own);
    if (barrier !== undefined) resolved.add(barrier);
    needs.set(step.id, resolved);
    if (step.commitPoint !== undefined) barrier = step.id;
    before = step.id;
  }
  for (const step of steps) {
    if (step.holdsUntil !== undefined && !needs.has(step.holdsUntil)) {
      throw new RunbookError(`step ${step.id} holds until ${step.holdsUntil}, which is not a step`);
    }
  }
  return needs;
}

function validate<World>(step: Step<World>, earlier: ReadonlyMap<string, unknown>): void {
  const fail = (what: string): never => {
    throw new RunbookError(`step ${step.id} ${what}`);
  };
  if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(step.id)) fail('must have an id in kebab-case');
  if (earlier.has(step.id)) fail('is there twice');
  if (!phases.includes(step.phase)) fail(`is of phase ${step.phase}, which there is not`);
  for (const need of step.needs ?? []) {
    if (!earlier.has(need)) fail(`needs ${need}, which is not an earlier step`);
  }
  if (step.check === undefined && step.verify === undefined) fail('has neither check nor verify');
  if (step.gate?.kind === 'human' && step.check === undefined)
    fail('waits for a person and has no check to see them');
  if (step.kind === 'compensable' && step.undo === undefined && step.leaves === undefined) {
    fail('is compensable and has no undo, nor says what a rollback leaves behind');
  }
  if (!(step.timeout > 0)) fail('must have a timeout above 0');
}
