import type { HoldReason, RigEvent } from '../events/rig-event.ts';
import type { LoopBlock } from '../state/rig-state.ts';

/** Where one loop stands. */
export type LoopCondition =
  | 'running'
  | 'starting'
  | 'stopping'
  | 'stopped'
  | 'backoff'
  | 'held'
  | 'waiting'
  | 'blocked'
  | 'exited'
  | 'unknown';

/** What is known about an agent of a kind that tells. */
export interface AgentStatus {
  readonly kind: 'claude-code';
  /** Its version, once its transcript told it. */
  readonly version?: string | undefined;
  /** Why what is known may not hold for it: a version that was not tested, hooks that are not heard. */
  readonly doubt?: string | undefined;
  /** The dialog that it shows and that a person must answer. */
  readonly dialog?: string | undefined;
  /** What became of its last prompt, when that is not well. */
  readonly promptProblem?: string | undefined;
  /** Tokens in its context at its last answer. */
  readonly context?: number | undefined;
  /** Unix milliseconds at which the turn began that is under way; missing where none is, or it is not known. */
  readonly turnSince?: number | undefined;
  /** Set while it is asked for a handoff note: since when (Unix milliseconds), and where the note is to be. */
  readonly handoff?: { readonly askedAt: number; readonly note: string } | undefined;
  /** Tokens that the loop has used in all its sessions. */
  readonly usage?:
    | {
        readonly input: number;
        readonly cacheWrite: number;
        readonly cacheRead: number;
        readonly output: number;
        /** Input, cache writes and output of the day, in UTC. */
        readonly today: number;
      }
    | undefined;
}

/** What is known about one loop. */
export interface LoopStatus {
  readonly name: string;
  readonly state: LoopCondition;
  /** Why, when that is not plain: the hold, what it waits for, the block. */
  readonly reason?: string | undefined;
  /** Whether it is to run; kept across reboots. */
  readonly wanted: boolean;
  readonly ready: boolean;
  readonly pid?: number | undefined;
  readonly role?: 'claimer' | 'reviewer' | undefined;
  /** The agent's session id. */
  readonly session?: string | undefined;
  /** Restarts after a crash or an exit, in all. */
  readonly restarts: number;
  /** Unix milliseconds of the last start. */
  readonly startedAt?: number | undefined;
  /** Unix milliseconds of the next start, while in `backoff`. */
  readonly nextStartAt?: number | undefined;
  readonly block?: LoopBlock | undefined;
  readonly agent?: AgentStatus | undefined;
  /** Its agent runs without the limits that the config gives it. */
  readonly unlimited?: boolean | undefined;
  readonly lastExit?:
    | {
        readonly exitCode?: number | undefined;
        readonly signal?: number | undefined;
        readonly cause: string;
        readonly at: number;
      }
    | undefined;
}

/** What is known about a rig: its supervisor, its tmux server (`server`), who owns the loops, and each loop. */
export interface RigStatus {
  readonly rig: string;
  readonly supervisor: {
    readonly state: 'up' | 'down' | 'silent';
    readonly pid?: number | undefined;
    readonly since?: number | undefined;
    /** Why systemd did not start it, e.g. that the unit of its secrets has failed. */
    readonly reason?: string | undefined;
  };
  /** `silent`: it is there, and does not answer. */
  readonly server: 'up' | 'down' | 'silent';
  /** Why no loop may start now. */
  readonly hold?: HoldReason | undefined;
  readonly holdDetail?: string | undefined;
  /** Set while this host owns the loops. */
  readonly ownership?:
    | {
        readonly owner: string;
        readonly epoch: number;
        /** What ends the loops when the lease runs out, and in how many milliseconds unless it is confirmed again. */
        readonly lease?:
          | { readonly enforcedBy: 'systemd' | 'watchdog'; readonly remainingMs: number }
          | undefined;
      }
    | undefined;
  readonly phase?:
    | { readonly index: number; readonly total: number; readonly plan?: string | undefined }
    | undefined;
  readonly loops: readonly LoopStatus[];
  /** Agents that run and whose loops are not in the config; `loops stop NAME` ends them. */
  readonly orphans?: readonly { readonly name: string; readonly pid: number }[] | undefined;
}

/** One look at a rig that is watched. */
export interface WatchedStatus {
  readonly status: RigStatus;
  /** What happened; nothing did before the first look. */
  readonly event?: RigEvent | undefined;
}
