import type { LoopConfig } from '../../config/rig-config.ts';
import type { ExitCause } from '../../events/rig-event.ts';
import { backoffDelay } from './backoff.ts';

/** What follows from the end of an agent. */
export interface ExitDecision {
  /** Milliseconds until it is started again; `undefined`: it is not. */
  readonly restartInMs: number | undefined;
  readonly recentRestarts: number;
  /** Set when the restarts are used up. */
  readonly escalate?: string | undefined;
}

/** The run that ended. */
export interface EndedRun {
  /** The restarts before it, since one ran for `resetAfter`. */
  readonly recentRestarts: number;
  /** Milliseconds that it ran; 0 when it could not be started. */
  readonly ranFor: number;
}

/** Decides whether and when an agent that ended is started again. Pure: time and chance come in. */
export function decideAfterExit(
  loop: Pick<LoopConfig, 'restart'>,
  { recentRestarts, ranFor }: EndedRun,
  cause: ExitCause,
  random: number = Math.random(),
): ExitDecision {
  const { policy, resetAfter, maxRestarts } = loop.restart;
  const recent = ranFor >= resetAfter ? 0 : recentRestarts;
  if (policy === 'never' || (policy === 'on-failure' && cause === 'clean')) {
    return { restartInMs: undefined, recentRestarts: recent };
  }
  if (maxRestarts !== undefined && recent >= maxRestarts) {
    return {
      restartInMs: undefined,
      recentRestarts: recent,
      escalate: `it ended ${recent + 1} times in a row`,
    };
  }
  return { restartInMs: backoffDelay(loop.restart, recent, random), recentRestarts: recent + 1 };
}
