/** The moments of a lease, on the clock that the question was timed with, in milliseconds. */
export interface LeaseTimes {
  /** The supervisor begins to stop the loops. */
  readonly stopAt: number;
  /** What is left is killed from outside. */
  readonly killAt: number;
  /** Nothing runs any more. */
  readonly endsAt: number;
}

/** A watchdog looks each second, and a busy machine lets it wait. */
const killLead = 5000;
const stopMargin = 10_000;

/**
 * When the loops must stop after a confirmation.
 *
 * @param askedAt when the question was **sent**: the ref may have moved right after the remote read it.
 * @param lease what the ref says, in milliseconds.
 * @param stopGrace how long the agents have between TERM and KILL, in milliseconds.
 */
export function leaseTimes(askedAt: number, lease: number, stopGrace: number): LeaseTimes {
  const endsAt = askedAt + lease;
  const killAt = endsAt - Math.min(killLead, lease / 3);
  return { endsAt, killAt, stopAt: killAt - Math.min(stopGrace + stopMargin, lease / 4) };
}
