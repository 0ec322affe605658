import type { Inputs } from './inputs.ts';
import type { Evidence } from './json.ts';

/** The phases of a cutover, in their order. */
export const phases = ['a-provision', 'b-configure', 'c-stage', 'd-cut-over', 'e-hand-over'] as const;

export type PhaseId = (typeof phases)[number];

/**
 * What a look at the world said. `absent`, `partial` and `satisfied` are facts that the engine acts on;
 * `conflict` (something of somebody else's is in the way) and `unknown` (it cannot be told, for instance because
 * a host does not answer) stop the run. **Unknown never means absent.**
 */
export type Answer =
  | { readonly state: 'absent' | 'partial' | 'satisfied'; readonly evidence: Evidence }
  | { readonly state: 'conflict' | 'unknown'; readonly evidence: Evidence; readonly reason: string };

/**
 * One step of a runbook: how to see whether it is done, do it, prove it and undo it. It may be killed at any point
 * and be run again, so `apply` and `undo` are idempotent: they finish what an interrupted attempt of theirs left.
 */
export interface Step<World> {
  /** Unique in its runbook, kebab-case; journals, gates and messages call it by this. */
  readonly id: string;
  /** Raise it when what the step does changes: a journal of the older version is then stale. */
  readonly version: number;
  readonly phase: PhaseId;
  /** A few words for people, e.g. `quiesce the old host at a safe point`. */
  readonly title: string;
  /**
   * `reversible`: `undo` restores what was (without `undo`: the step changes nothing). `compensable`: `undo` makes
   * up for it, leaving traces. `irreversible`: never undone, and never tried again by itself where it cannot be checked.
   */
  readonly kind: 'reversible' | 'compensable' | 'irreversible';
  /**
   * Ids of earlier steps that must be verified first; without it, the step just before this one. Steps that do not
   * need each other run at the same time: `[]` starts at once. A step with a commit point needs all before it, and
   * all after it need that step.
   */
  readonly needs?: readonly string[];
  /** What this step does its work with, hashed into the plan. Wrap secrets in `secretInput()`. */
  inputs(world: World): Inputs;
  /**
   * Looks, and changes nothing. A thrown error counts as `unknown`. Without `check` nobody can tell whether the step
   * was done: it then needs `verify`, runs once, and when it was interrupted a gate asks a person.
   */
  check?(context: StepContext<World>): Promise<Answer>;
  /**
   * Changes the world until `check` would answer `satisfied`; called for `absent` and `partial`. Absent only from a
   * step that has no more to do than wait for a person (a `human` gate) or to look.
   */
  apply?(context: StepContext<World>): Promise<void>;
  /** Called in place of `check` on resume when `apply` recorded an operation: waits for its end, then `check` decides. */
  reattach?(context: StepContext<World>, operation: string): Promise<void>;
  /** Proves that it is done, by more than `check` looks at. Without it: `check` again, which must be `satisfied`. */
  verify?(context: StepContext<World>): Promise<Evidence>;
  /** Reverts or compensates, for a rollback before C1; called only where `apply` was at least begun. */
  undo?(context: StepContext<World>): Promise<void>;
  /** What a rollback leaves behind, in a few words, e.g. `the private repository`. */
  readonly leaves?: string;
  readonly gate?: Gate<World>;
  /**
   * C1: from this step on a rollback is the runbook's `rollbackAfterCommit`. C2: from this step on there is none.
   * It is passed when `apply` is about to be called.
   */
  readonly commitPoint?: 'C1' | 'C2';
  /**
   * The id of a later step that rightly changes what this one left. Once that step has begun, this one is no longer
   * looked at again for drift.
   */
  readonly holdsUntil?: string;
  /** Milliseconds that each call of `check`, `apply`, `reattach`, `verify` and `undo` may take. */
  readonly timeout: number;
  readonly retry?: Retry;
}

/** Tries `apply` again (after `check`), with jittered exponential waits, but only for errors known to pass. */
export interface Retry {
  /** How often in all, the first time included. */
  readonly attempts: number;
  /** Whether this error is known to pass by itself. */
  when(error: unknown): boolean;
  /** Milliseconds before the second attempt; doubles from there. Default 500. */
  readonly delay?: number;
}

/**
 * Where the run stops for a person.
 *
 * `approval`: before `apply`, someone must approve. The approval is bound to the plan, to the evidence shown and to
 * this one opening of the gate.
 *
 * `human`: a person does the step. `apply`, if any, first prepares what they need; then the instructions are shown and
 * `check` is asked every `poll` milliseconds until it answers `satisfied`: what is there decides, not anyone's word.
 *
 * A gate that nobody answers in time holds: nothing is assumed, the run ends with the exit code for "waiting at a
 * gate", and `cutover resume` comes back to it.
 */
export type Gate<World> =
  | {
      readonly kind: 'approval';
      /** What is asked, e.g. `Stop the loops on pi and move them?` */
      readonly question: string;
      /** Milliseconds to wait for an answer. */
      readonly timeout: number;
    }
  | {
      readonly kind: 'human';
      /** What to do, exactly, in a few lines. */
      instructions(world: World): string;
      /** Milliseconds to wait for the person. */
      readonly timeout: number;
      /** Milliseconds between looks. Default 2000. */
      readonly poll?: number;
    };

/** What a step's functions are given. */
export interface StepContext<World> {
  readonly world: World;
  /** Aborts at the step's deadline and at the second Ctrl-C. Pass it to everything that waits. */
  readonly signal: AbortSignal;
  /** The same in every attempt of one cutover, for instance to label what is made outside. */
  readonly runId: string;
  /** A systemd unit name of this step's own (without suffix), for remote work that outlives the connection. */
  readonly unit: string;
  /**
   * What `verify` (or `check`) of an earlier step found.
   *
   * @throws {RunbookError} that step is not verified: name it in `needs`.
   */
  evidence(stepId: string): Evidence;
  /** The operation that an interrupted attempt of this step recorded. */
  readonly recordedOperation: string | undefined;
  /**
   * Records what is about to be waited for outside (an Incus operation, a unit), so that a resumed run finds it again.
   * Await it before waiting.
   */
  operation(externalId: string): Promise<void>;
  /** Shows a short text beside the running step. Not recorded. */
  progress(text: string): void;
  /** Records who owns the loops now and under which epoch. */
  owner(owner: string, epoch: number): Promise<void>;
  /** Records the moment the loops stopped (`begins`) or came back (`ends`); the report's downtime is between them. */
  downtime(edge: 'begins' | 'ends'): Promise<void>;
}
