import type { ExitCause } from '../../events/rig-event.ts';

/** What the supervisor knows about a loop until it ends itself. */
export interface LoopRuntime {
  /** Set while it is being started or stopped. */
  busy?: 'starting' | 'stopping' | undefined;
  /** The end of the stop that is under way. */
  stopping?: Promise<void> | undefined;
  /** Set while that ends the agent's pane only, and nothing that it leaves. */
  endsOnly?: 'agent' | undefined;
  /** The pane that was last seen alive. */
  paneId?: string | undefined;
  pid?: number | undefined;
  /** By the clock of `performance.now()`: when that pane was first seen. */
  since?: number | undefined;
  /** The run that is known to have begun. */
  begunRun?: string | undefined;
  /** The run whose end has been dealt with. */
  endedRun?: string | undefined;
  /** The run after whose end what its clone alone held was kept under a ref. */
  keptRun?: string | undefined;
  ready: boolean;
  /** It counts as ready because the time for that is over: nothing is typed into it. */
  lateReady?: boolean | undefined;
  /** Before which it is not started, by the clock of `performance.now()`: no process sets that one. */
  nextStartAt?: number | undefined;
  /** While its terminal is closed or its process is gone, and how it ended is not known: which, and since when. */
  ending?: { readonly isThere: boolean; readonly since: number };
  lastExit?: LoopExit | undefined;
  /** Why its last start failed. */
  startProblem?: string | undefined;
  /** Why it is not running although it is wanted. */
  waitingFor?: string | undefined;
}

/** How an agent ended; `at` is Unix milliseconds. */
export interface LoopExit {
  readonly exitCode?: number | undefined;
  readonly signal?: number | undefined;
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

  forget(name: string): void {
    this.#runtimes.delete(name);
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
  delete runtime.lateReady;
}
