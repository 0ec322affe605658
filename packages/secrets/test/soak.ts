/** How many of something: the full count with `bin/test --soak`, a small one otherwise. */
export function soak(full: number, small: number): number {
  return process.env['CUTOVER_SOAK'] ? full : small;
}
