import type { Entry } from './catalogue.ts';
import { type Figure, type OpenFigure, UnavailableError } from './figure.ts';

/** A figure as it is reported; `ratio` is ours / peer, of the medians. */
export interface Measured {
  readonly package: string;
  readonly name: string;
  /** ISO 8601. */
  readonly date: string;
  readonly unit: Figure['unit'];
  /** Median; `null` when it could not be measured: `missing` says why. */
  readonly ours: number | null;
  readonly peer: number | null;
  /** What 95 of 100 samples of ours stayed within; the worst one where there are fewer than 20. */
  readonly oursP95: number | null;
  readonly peerP95: number | null;
  readonly peerName: string;
  readonly ratio: number | null;
  readonly better: Figure['better'];
  /** How many of each. */
  readonly samples: number;
  /** What could not be had on this machine. */
  readonly missing?: string;
}

/**
 * Samples ours and the peer in turn, so that both see the same machine, and the one that goes first changes each
 * time.
 */
export async function measure({ package: from, figure }: Entry): Promise<Measured> {
  const { name, unit, better, peerName, samples = 20, warmUp = 2 } = figure;
  const facts = { package: from, name, date: new Date().toISOString(), unit, better, peerName };
  let open: OpenFigure;
  try {
    open = await figure.open();
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    return {
      ...facts,
      ours: null,
      peer: null,
      oursP95: null,
      peerP95: null,
      ratio: null,
      samples: 0,
      missing: error.message,
    };
  }
  await using opened = open;
  const peer = opened.peer instanceof UnavailableError ? undefined : opened.peer;
  const ours: number[] = [];
  const peers: number[] = [];
  for (let round = -warmUp; round < samples; round += 1) {
    const sampleOurs = async (): Promise<void> => keep(ours, round, await opened.ours());
    const samplePeer = async (): Promise<void> => {
      if (peer !== undefined) keep(peers, round, await peer());
    };
    for (const take of round % 2 === 0 ? [sampleOurs, samplePeer] : [samplePeer, sampleOurs]) await take();
  }
  const medians = { ours: median(ours), peer: peer === undefined ? null : median(peers) };
  return {
    ...facts,
    ...medians,
    oursP95: p95(ours),
    peerP95: peer === undefined ? null : p95(peers),
    ratio: medians.peer === null ? null : medians.ours / medians.peer,
    samples,
    ...(opened.peer instanceof UnavailableError && { missing: opened.peer.message }),
  };
}

/** The smallest value that 95 of 100 do not exceed. */
function p95(values: readonly number[]): number {
  const value = values.toSorted((a, b) => a - b)[Math.ceil(values.length * 0.95) - 1];
  if (value === undefined) throw new RangeError('no samples');
  return value;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const low = sorted[Math.ceil(middle) - 1];
  const high = sorted[Math.floor(middle)];
  if (low === undefined || high === undefined) throw new RangeError('no samples');
  return (low + high) / 2;
}

function keep(values: number[], round: number, value: number): void {
  if (round >= 0) values.push(value);
}
