/** One comparison. It is opened, sampled in turn with its peer, and disposed of. */
export interface Figure {
  /** As in docs/benchmarks.md, e.g. `exec-true`. */
  readonly name: string;
  readonly unit: 'ms' | 's' | 'req/s' | 'MiB/s' | 'percent' | 'MB' | 'ratio';
  readonly better: 'lower' | 'higher';
  /** What ours is held against, e.g. `the ssh command`. */
  readonly peerName: string;
  /** Samples of each; default 20. */
  readonly samples?: number;
  /** Samples of each that are thrown away first; default 2. */
  readonly warmUp?: number;
  /** Makes what the figure needs. `UnavailableError` when this machine lacks it: the figure then says so. */
  open(): Promise<OpenFigure>;
}

export interface OpenFigure extends AsyncDisposable {
  /** Takes one sample, in the figure's unit. */
  ours(): Promise<number>;
  /** The same of the peer, or why there is none on this machine. */
  readonly peer: (() => Promise<number>) | UnavailableError;
}

/** Something a figure needs is not on this machine; the message says what, and how to get it. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
}

/** Milliseconds that `task` takes. */
export async function milliseconds(task: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await task();
  return performance.now() - startedAt;
}
