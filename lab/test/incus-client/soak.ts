/** The full count when the whole is asked for (`bin/test --soak`), and a smaller one from day to day. */
export function soak(full: number, small: number): number {
  return process.env['CUTOVER_SOAK'] === undefined || process.env['CUTOVER_SOAK'] === '' ? small : full;
}
