/** Milliseconds of the machine's monotonic clock, the `mono` of the journal's lines. */
export function monotonic(): number {
  return Math.round(Number(process.hrtime.bigint() / 1000n)) / 1000;
}
