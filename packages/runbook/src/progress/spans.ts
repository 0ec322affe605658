/** A stretch of time, in milliseconds of any clock. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** How much time the spans cover together: where they overlap, it counts once. */
export function covered(spans: readonly Span[]): number {
  let total = 0;
  let end = -Infinity;
  for (const { from, to } of [...spans].sort((a, b) => a.from - b.from)) {
    total += Math.max(0, to - Math.max(from, end));
    end = Math.max(end, to);
  }
  return total;
}
