/**
 * The full count when `bin/test --soak` runs, else a small one. Limits of time count in a soak only: in any other run
 * the machine has other things to do.
 */
export function soak(full: number, small: number): number {
  return process.env['CUTOVER_SOAK'] ? full : small;
}

/** The 95th percentile of times, in whatever they are measured in. */
export function p95(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * 0.95) - 1] ?? Number.NaN;
}
