import type { Evidence } from './json.ts';
import type { Phase } from './phase.ts';
import type { Step } from './step.ts';
import type { Words } from './words.ts';

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
  /** What `doctor` looks at; changes nothing. */
  doctor?(signal: AbortSignal): AsyncIterable<Finding>;
  /** Asks the world who owns the thing that moves. Throws when that cannot be told. */
  ownership?(signal: AbortSignal): Promise<Ownership>;
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
