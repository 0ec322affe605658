/** How long to wait before a restart, in milliseconds. */
export interface BackoffPolicy {
  readonly initialDelay: number;
  readonly maxDelay: number;
  readonly factor: number;
  /** The share of the delay that is random, 0 to 1. */
  readonly jitter: number;
}

/**
 * The delay before restart number `attempt` (from 0): exponential, capped, the `jitter` share of it random.
 *
 * @param random in [0, 1).
 */
export function backoffDelay(policy: BackoffPolicy, attempt: number, random: number = Math.random()): number {
  const whole = Math.min(policy.maxDelay, policy.initialDelay * policy.factor ** Math.min(attempt, 64));
  return Math.round(whole * (1 - policy.jitter * random));
}
