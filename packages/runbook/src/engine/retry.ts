/** Tries `apply` again (after `check`), with jittered exponential waits, but only for errors known to pass. */
export interface Retry {
  /** How often in all, the first time included. */
  readonly attempts: number;
  /** Whether this error is known to pass by itself. */
  when(error: unknown): boolean;
  /** Milliseconds before the second attempt; doubles from there. Default 500. */
  readonly delay?: number | undefined;
}
