import type { CloneReport } from '../git/clone-report.ts';
import type { ProcessSelector } from './processes.ts';
import type { StoppedOptions, StoppedProof } from './proves-stopped.ts';
import type { Salvage } from './salvage/salvage-clone.ts';

/** What makes up a rig, how it is stopped, and how long all of it may take. */
export interface QuiesceOptions extends Omit<StoppedOptions, 'processes'> {
  /** The clones that must be at a safe point. */
  readonly clones: readonly string[];
  /** Called once the rig shall stop, before anything of it is ended: keeps what watches it from starting it again. */
  readonly hold?: ((signal: AbortSignal) => Promise<void>) | undefined;
  /**
   * What stops the rig: an argv for the host, or a function, which is told after how many milliseconds to kill what
   * does not heed TERM. Without it, the rig's processes are simply ended. What it leaves is ended as well, so that it
   * fails is only told.
   */
  readonly stop?: readonly string[] | ((signal: AbortSignal, grace: number) => Promise<void>) | undefined;
  readonly processes: ProcessSelector;
  /** Milliseconds for all of it: the wait for a safe point, the end of the rig, and the keeping of what is not safe. */
  readonly deadline: number;
  /**
   * Names what is at work and ends by itself, turns of agents for example. As long as it names something, the rig is not
   * stopped, for three quarters of the wait at most: what does not end by then is stopped at a safe point.
   */
  readonly turns?: ((signal: AbortSignal) => Promise<readonly string[]>) | undefined;
  /** What to do with a rig that reached none: stop it where it is (default), or leave it running. */
  readonly atDeadline?: 'stop' | 'leave' | undefined;
  /**
   * Look at the clones while the rig's processes are stopped by SIGSTOP, and stop the rig for good out of that
   * stillness, so that nothing can begin in between. Default true.
   */
  readonly freeze?: boolean | undefined;
  /** Milliseconds for the rig's own stop, at most, and then again until what is left is killed. Default 10 s. */
  readonly stopTimeout?: number | undefined;
  /** `false`: what is unsafe is only said. Otherwise kept under a ref, which is pushed unless told otherwise. */
  readonly salvage?: false | { readonly push?: boolean | undefined } | undefined;
  /** Milliseconds between two looks. Default 200. */
  readonly interval?: number | undefined;
  /** Gets what happens, in order. */
  readonly onEvent?: ((event: QuiesceEvent) => void) | undefined;
}

/**
 * What happens while a rig is brought to rest. `waitedMs`, `remainingMs`: milliseconds waited for a safe point, and left for
 * that.
 */
export type QuiesceEvent =
  | {
      readonly type: 'waiting';
      readonly unsafe: readonly CloneReport[];
      /** What is at work and may end by itself; empty where that is not waited for. */
      readonly turns: readonly string[];
      readonly remainingMs: number;
    }
  | { readonly type: 'safe'; readonly waitedMs: number }
  | { readonly type: 'deadline'; readonly unsafe: readonly CloneReport[] }
  | { readonly type: 'stopping' }
  | { readonly type: 'killed'; readonly pids: readonly number[] }
  | { readonly type: 'salvaged'; readonly path: string; readonly salvage: Salvage };

/** One clone after the rig was stopped. */
export type QuiescedClone = CloneReport & {
  readonly salvage?: Salvage | undefined;
  readonly salvageProblem?: string | undefined;
};

/** What a quiesce came to: one entry for each clone, and the proof that nothing of the rig is left. */
export interface QuiesceReport {
  /** Every clone is at a safe point and nothing of the rig is left. */
  readonly safe: boolean;
  readonly clones: readonly QuiescedClone[];
  readonly stopped: StoppedProof;
  /** Why the rig could not be held: what watches it may start it again, so it is not safe. */
  readonly holdProblem?: string | undefined;
  /** Why the rig's own stop failed, when it did. */
  readonly stopProblem?: string | undefined;
  /** Whether the deadline passed before all clones were at a safe point. */
  readonly deadlineHit: boolean;
  readonly waitedMs: number;
}
