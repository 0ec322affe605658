import type { HoldReason, RigEvent } from '../events/rig-event.ts';
import type { LoopBlock } from '../state/rig-state.ts';

/** Where one loop stands. */
export type LoopPhaseOfLife =
  'running' | 'starting' | 'stopping' | 'stopped' | 'backoff' | 'held' | 'waiting' | 'blocked' | 'exited';

export interface LoopStatus {
  readonly name: string;
  readonly state: LoopPhaseOfLife;
  /** Why, when that is not plain: the hold, what it waits for, the block. */
  readonly reason?: string;
  readonly wanted: boolean;
  readonly ready: boolean;
  readonly pid?: number;
  readonly role?: 'claimer' | 'reviewer';
  /** The agent's session id. */
  readonly session?: string;
  readonly restarts: number;
  /** Unix milliseconds of the last start. */
  readonly startedAt?: number;
  /** Unix milliseconds of the next start, while in `backoff`. */
  readonly nextStartAt?: number;
  readonly block?: LoopBlock;
  readonly lastExit?: {
    readonly exitCode?: number;
    readonly signal?: number;
    readonly cause: string;
    readonly at: number;
  };
}

export interface RigStatus {
  readonly rig: string;
  readonly supervisor: { readonly state: 'up' | 'down'; readonly pid?: number; readonly since?: number };
  readonly server: 'up' | 'down';
  /** Why no loop may start now. */
  readonly hold?: HoldReason;
  readonly holdDetail?: string;
  /** Set while this host owns the loops. */
  readonly ownership?: {
    readonly owner: string;
    readonly epoch: number;
    /** What ends the loops when the lease runs out, and in how many milliseconds unless it is confirmed again. */
    readonly lease?: { readonly enforcedBy: 'systemd' | 'watchdog'; readonly remainingMs: number };
  };
  readonly phase?: { readonly index: number; readonly total: number; readonly plan?: string };
  readonly loops: readonly LoopStatus[];
}

/** One look at a rig that is watched. */
export interface WatchedStatus {
  readonly status: RigStatus;
  /** What happened; nothing did before the first look. */
  readonly event?: RigEvent;
}
