/** The full count when `bin/test --soak` runs, else a small one. */
export function soak(full: number, small: number): number {
  return process.env['CUTOVER_SOAK'] ? full : small;
}
