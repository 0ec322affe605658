import type { StatementOfRun } from '../journal/statement.ts';
import type { JournalWitness, RunnerClaim } from './claim.ts';
import type { Evidence } from './json.ts';
import type { Phase } from './phase.ts';
import type { Step } from './step.ts';
import type { StepReference } from './step-reference.ts';
import type { Approvers } from './approvers.ts';
import type { NotifyHook } from './notify-hook.ts';
import type { Words } from './words.ts';
import type { WorldFacts } from './world-facts.ts';

/** Everything that the engine runs. What it holds open is closed when it is disposed. */
export interface Runbook<World> extends Partial<AsyncDisposable> {
  /** What it does, for headings and for the plan's hash, e.g. `pi → cc-ci-orchestrator`. */
  readonly name: string;
  /** In their order. Each step is of one of them. */
  readonly phases: readonly Phase[];
  /** What the steps work on: settings, hosts, clients. */
  readonly world: World;
  /** The steps of the move itself, in order: the list `main`. */
  readonly steps: readonly Step<World>[];
  /**
   * What a rollback is once C1 is passed: a move in the other direction, the list `rollback`. No step of it has the id
   * of one in `steps`. Without it there is no rollback past C1.
   */
  readonly rollbackAfterCommit?: readonly Step<World>[] | undefined;
  /** More lists, by name, which can be run at any time, e.g. `reboot-proof`. */
  readonly lists?: Readonly<Record<string, readonly Step<World>[]>> | undefined;
  /** Default: `owner` and `downtime`. */
  readonly words?: Words | undefined;
  /**
   * The steps with which a downtime ends. They say so themselves (`context.downtime`); the engine says it for one that is
   * found done, whose runner was killed before it could. Without them such a downtime stays open, and takes in the next.
   */
  readonly downtimeEndsWith?: readonly StepReference<Evidence>[] | undefined;
  /**
   * Makes this runner the only one, also where others run with another state directory or on another machine. Called
   * before anything is looked at or changed; it throws to refuse, for instance when the journal is older than the world.
   */
  claim?(witness: JournalWitness, signal: AbortSignal): Promise<RunnerClaim>;
  /**
   * What `unlock` can force open, by name, when a person types the right words. Each returns what it did, for show, and
   * throws a UsageError that says what to type when the words are others.
   */
  readonly unlocks?:
    | Readonly<Record<string, (words: string, signal: AbortSignal) => Promise<string>>>
    | undefined;
  /**
   * Asks the world whether the commit point C1 is passed: the journal is only a witness. A rollback is the reverse one
   * when either says so. Asked also when a reverse move is given up: where the world says no, the move starts over. Throws
   * when it cannot be told.
   */
  isCommitted?(signal: AbortSignal): Promise<boolean>;
  /**
   * Whether an error of a step is a hold: a host that was lost under way, or a refusal to go on. The run then ends as
   * `unsafe`, not as `failed`.
   */
  isUnsafe?(error: unknown): boolean;
  /**
   * Judges a person's word about something that cannot be asked, and says what it is bound to. It is kept in the
   * journal, and steps get it as `context.attested`. Throws a UsageError for a word that would not count.
   */
  attest?(statement: StatementOfRun, signal: AbortSignal): Promise<Evidence>;
  /**
   * What a person must hear of although no step is about to look, e.g. a key that was taken away and is back: `status`
   * asks, once a run has begun. Each look goes by the name of what it asks, e.g. `keys at the forge`, and has its own time:
   * one that gets no answer hides nothing of what the others found. Each line that it returns says what to do.
   */
  readonly alarms?: Readonly<Record<string, (signal: AbortSignal) => Promise<readonly string[]>>> | undefined;
  /**
   * What of the world a reviewed plan stands on, e.g. who owns what moves: `plan --save` keeps it, and `run --plan FILE`
   * is refused where it has changed before anything was done. Only what does not change by itself. Throws when it cannot
   * be told.
   */
  standsOn?(signal: AbortSignal): Promise<WorldFacts>;
  /** What this plan cannot do, one sentence each, for a person to know before they approve it; `plan` shows it. */
  readonly caveats?: readonly string[] | undefined;
  /** What `doctor` looks at; changes nothing. */
  doctor?(signal: AbortSignal): AsyncIterable<Finding>;
  /** Asks the world who owns the thing that moves. Throws when that cannot be told. */
  ownership?(signal: AbortSignal): Promise<Ownership>;
  /** Who may approve gates, by signature. Default: each user who can write the state directory. */
  readonly approvers?: Approvers | undefined;
  /** Commands that are told when a gate opens or waits, and how a run ends. */
  readonly notify?: readonly NotifyHook[] | undefined;
  /** Secret values that no output may ever contain. */
  readonly secretsToRedact?: readonly string[] | undefined;
  /** What this runbook's hosts stand in for, one sentence each, for the report: `a container stands for a virtual machine`. */
  readonly standIns?: readonly string[] | undefined;
}

/** Who owns the thing that moves. */
export interface Ownership {
  /** The host's name. */
  readonly owner: string;
  readonly epoch: number;
}

/** One line of `doctor`. */
export interface Finding {
  /** What was looked at, e.g. `incus certificate`. */
  readonly name: string;
  readonly ok: boolean;
  readonly evidence: Evidence;
  /** What is wrong and what to do about it. */
  readonly reason?: string | undefined;
}
