import type { Evidence } from './json.ts';
import type { Step } from './step.ts';

/** Everything the engine runs: made by `loadRunbook` from a config file, or by hand. */
export interface Runbook<World> extends AsyncDisposable {
  /** What it does, for headings, e.g. `pi → cc-ci-orchestrator`. */
  readonly name: string;
  readonly world: World;
  /** The cutover itself, in order. */
  readonly steps: readonly Step<World>[];
  /** The reverse cutover: what a rollback is once C1 is passed. Its step ids differ from those of `steps`. */
  readonly rollbackAfterCommit?: readonly Step<World>[];
  /** What `cutover reboot-proof` runs. Its step ids differ from those of `steps`. */
  readonly rebootProof?: readonly Step<World>[];
  /** What `cutover doctor` looks at; changes nothing. */
  doctor?(signal: AbortSignal): AsyncIterable<Finding>;
  /** Asks the world who owns the loops. Throws when that cannot be told. */
  ownership?(signal: AbortSignal): Promise<Ownership>;
  /** Secret values that no output may ever contain. */
  readonly secretsToRedact: readonly string[];
  /** What this runbook's hosts stand in for, one sentence each, for the report: `a container stands for a virtual machine`. */
  readonly standIns: readonly string[];
}

/** Who may run the loops. */
export interface Ownership {
  /** The host's name. */
  readonly owner: string;
  readonly epoch: number;
}

/** One line of `cutover doctor`. */
export interface Finding {
  /** What was looked at, e.g. `incus certificate`. */
  readonly name: string;
  readonly ok: boolean;
  readonly evidence: Evidence;
  /** What is wrong and what to do about it. */
  readonly reason?: string;
}
