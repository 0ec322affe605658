/** How much of something: the full count with `bin/test --soak`, a small one otherwise. */
export function soak<T>(full: T, small: T): T {
  return process.env['CUTOVER_SOAK'] ? full : small;
}
