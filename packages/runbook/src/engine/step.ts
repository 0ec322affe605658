import type { CheckResult, SatisfiedEvidence } from './check-result.ts';
import type { StepContext } from './context.ts';
import type { Gate } from './gate.ts';
import type { Inputs } from './inputs.ts';
import type { Evidence } from './json.ts';
import type { Retry } from './retry.ts';
import type { StepReference } from './step-reference.ts';

/** All of a step but the two calls that find evidence. */
interface StepParts<World> {
  /** Unique in its runbook, kebab-case; journals, gates and messages call it by this. */
  readonly id: string;
  /** Raise it when what the step does changes: a journal of the older version is then stale. */
  readonly version: number;
  /** The id of one of the runbook's phases. */
  readonly phase: string;
  /** A few words for people, e.g. `quiesce the old host at a safe point`. */
  readonly title: string;
  /** The machines that it works on, by what people call them, e.g. `['old host', 'forge']`. For show only. */
  readonly on?: readonly string[] | undefined;
  /**
   * `reversible`: `undo` restores what was (without `undo`: the step changes nothing). `compensable`: `undo` makes
   * up for it, leaving traces. `irreversible`: never undone, and never tried again by itself where it cannot be checked.
   */
  readonly kind: 'reversible' | 'compensable' | 'irreversible';
  /**
   * Earlier steps that must be verified first. Default: the step just before this one. Steps that do not need each
   * other run at the same time: `[]` starts at once. A step with a commit point needs all before it, and all after it
   * need that step.
   */
  readonly needs?: readonly Step<World>[] | undefined;
  /** What this step does its work with, hashed into the plan. Wrap secrets in `secretInput()`. */
  inputs(world: World): Inputs;
  /**
   * Changes the world until `check` would answer `satisfied`; called for `absent` and `partial`. Absent only from a
   * step that has no more to do than wait for a person (a `human` gate) or to look.
   */
  apply?(context: StepContext<World>): Promise<void>;
  /** Called in place of `check` on resume when `apply` recorded an operation: waits for its end, then `check` decides. */
  reattach?(context: StepContext<World>, operation: string): Promise<void>;
  /** Reverts or compensates, for a rollback before C1; called where `apply` was at least begun. */
  undo?(context: StepContext<World>): Promise<void>;
  /**
   * A rollback undoes it also where it was found done: by a run whose state directory is gone, for instance. Without it
   * what was found done is left alone.
   */
  readonly undoFound?: boolean | undefined;
  /** What a rollback leaves behind, in a few words, e.g. `the private repository`. */
  readonly leaves?: string | undefined;
  readonly gate?: Gate<World> | undefined;
  /** The runbook's claim is confirmed before each `apply` and `undo`: another operator may have taken over since it was taken. */
  readonly needsClaim?: boolean | undefined;
  /**
   * C1: from this step on a rollback is the runbook's `rollbackAfterCommit`. C2: from this step on there is none.
   * It is passed when `apply` is about to be called.
   */
  readonly commitPoint?: 'C1' | 'C2' | undefined;
  /**
   * The id of a later step that rightly changes what this one left. Once that step has begun, this one is no longer
   * looked at again for drift. Its own id: that it was seen once is enough, e.g. that a person was there.
   */
  readonly holdsUntil?: string | undefined;
  /**
   * What must hold at all times, e.g. that a key is revoked: where a run finds it undone, it is applied again without
   * `--repair`.
   */
  readonly reapply?: boolean | undefined;
  /** Milliseconds that each call of `check`, `apply`, `reattach`, `verify` and `undo` may take. */
  readonly timeout: number;
  readonly retry?: Retry | undefined;
}

/**
 * One step of a runbook: how to see whether it is done, do it, prove it and undo it. It may be killed at any point
 * and be run again, so `apply` and `undo` are idempotent: they finish what an interrupted attempt of theirs left.
 *
 * @typeParam Found what `context.evidence(step)` returns; `stepFor` infers it.
 */
export interface Step<World, Found extends Evidence = Evidence>
  extends StepParts<World>, StepReference<Found> {
  /**
   * Looks, and changes nothing. A thrown error counts as `unknown`. Without `check` nothing can tell whether the step
   * was done: it then needs `verify`, runs once, and when it was interrupted a gate asks a person.
   */
  check?(context: StepContext<World>): Promise<CheckResult>;
  /** Proves that it is done, by more than `check` looks at. Without it: `check` again, which must be `satisfied`. */
  verify?(context: StepContext<World>): Promise<Evidence>;
}

/** A step as it is written down, before the type of its evidence is known. */
export interface StepDefinition<
  World,
  Checked extends CheckResult,
  Verified extends Evidence,
> extends StepParts<World> {
  /** See `Step.check`. */
  check?(context: StepContext<World>): Promise<Checked>;
  /** See `Step.verify`. */
  verify?(context: StepContext<World>): Promise<Verified>;
}

/**
 * Makes a step. The type of its evidence is what `verify` returns, or without `verify` what `check` returns as
 * `satisfied`; later steps read it by `context.evidence(step)`.
 */
export type StepFactory<World> = <Checked extends CheckResult = never, Verified extends Evidence = never>(
  definition: StepDefinition<World, Checked, Verified>,
) => Step<World, [Verified] extends [never] ? SatisfiedEvidence<Checked> : Verified>;

/**
 * The factory for the steps of one world: `const step = stepFor<World>()`, then `const copy = step({ id: 'copy', … })`.
 * It returns what it is given; it is there for the types.
 *
 * @example
 * const step = stepFor<{ readonly host: typeof host }>();
 * const folder = step({
 *   id: 'make-folder',
 *   version: 1,
 *   phase: 'a',
 *   title: 'make the folder',
 *   kind: 'reversible',
 *   timeout: 10_000,
 *   inputs: () => '/srv/app',
 *   async check({ world, signal }) {
 *     const { exitCode } = await world.host.run(['test', '-d', '/srv/app'], { reject: false, signal });
 *     return { state: exitCode === 0 ? 'satisfied' : 'absent', evidence: {} };
 *   },
 *   async apply({ world, signal }) {
 *     await world.host.run(['mkdir', '/srv/app'], { signal });
 *   },
 *   async undo({ world, signal }) {
 *     await world.host.run(['rmdir', '/srv/app'], { signal });
 *   },
 * });
 */
export function stepFor<World>(): StepFactory<World> {
  return (definition) => definition;
}
