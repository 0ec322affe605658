import type { LoopConfig } from '../config/rig-config.ts';
import type { ExitCause } from '../events.ts';
import type { LoopState } from '../state/rig-state.ts';
import { backoffDelay } from './backoff.ts';

/** What the supervisor knows about a loop until it ends itself. */
export interface LoopRuntime {
  /** Set while it is being started or stopped. */
  busy?: 'starting' | 'stopping';
  /** The end of the stop that is under way. */
  stopping?: Promise<void>;
  /** The pane that was last seen alive. */
  paneId?: string;
  pid?: number;
  /** The run whose end has been dealt with. */
  endedRun?: string;
  ready: boolean;
  /** Unix milliseconds before which it is not started. */
  nextStartAt?: number;
  /** While its terminal is closed or its process is gone, and how it ended is not known: which, and since when. */
  ending?: { readonly isThere: boolean; readonly since: number };
  lastExit?: LoopExit;
  /** Why it is not running although it is wanted. */
  waitingFor?: string;
}

/** How an agent ended; `at` is Unix milliseconds. */
export interface LoopExit {
  readonly exitCode?: number;
  readonly signal?: number;
  readonly cause: ExitCause;
  readonly at: number;
}

/** The same of every loop of a rig. */
export class LoopRuntimes {
  readonly #runtimes = new Map<string, LoopRuntime>();

  of(name: string): LoopRuntime {
    let runtime = this.#runtimes.get(name);
    if (runtime === undefined) this.#runtimes.set(name, (runtime = { ready: false }));
    return runtime;
  }

  all(): LoopRuntime[] {
    return [...this.#runtimes.values()];
  }
}

/** It has no pane that is alive, as far as is known. */
export function forgetPane(runtime: LoopRuntime): void {
  delete runtime.pid;
  delete runtime.paneId;
  runtime.ready = false;
}

/** What follows from the end of an agent. */
export interface ExitDecision {
  /** Milliseconds until it is started again; `undefined`: it is not. */
  readonly restartInMs: number | undefined;
  readonly recentRestarts: number;
  /** Set when the restarts are used up. */
  readonly escalate?: string;
}

/** Decides whether and when an agent that ended is started again. Pure: time and chance come in. */
export function decideAfterExit(
  loop: Pick<LoopConfig, 'restart'>,
  state: Pick<LoopState, 'recentRestarts' | 'startedAt'>,
  cause: ExitCause,
  now: number,
  random: number = Math.random(),
): ExitDecision {
  const { policy, resetAfter, maxRestarts } = loop.restart;
  const recent = now - (state.startedAt ?? now) >= resetAfter ? 0 : state.recentRestarts;
  if (policy === 'never' || (policy === 'on-failure' && cause === 'clean')) {
    return { restartInMs: undefined, recentRestarts: recent };
  }
  // No fault of the agent's: it neither pays for it nor waits for it longer each time.
  if (cause === 'lost') return { restartInMs: backoffDelay(loop.restart, 0, random), recentRestarts: recent };
  if (maxRestarts !== undefined && recent >= maxRestarts) {
    return {
      restartInMs: undefined,
      recentRestarts: recent,
      escalate: `it ended ${recent + 1} times in a row`,
    };
  }
  return { restartInMs: backoffDelay(loop.restart, recent, random), recentRestarts: recent + 1 };
}
