import { escapeHtml, round } from './page-text.ts';
import type { Measured } from './measure.ts';

/** One figure at several sizes, e.g. `list-1`, `list-100` and `list-300`. */
export interface Curve {
  /** With `N` for the size. */
  readonly name: string;
  readonly unit: string;
  readonly peerName: string;
  /** By size. */
  readonly points: readonly Point[];
}

interface Point {
  readonly size: number;
  readonly ours: number;
  readonly peer: number | null;
}

/** The figures that were measured at three sizes or more beside the same peer. */
export function curvesOf(figures: readonly Measured[]): readonly Curve[] {
  const curves = new Map<string, Curve & { points: Point[] }>();
  for (const { name, unit, ours, peer, peerName } of figures) {
    const size = /-(\d+)(k?)(?=-|$)/.exec(name);
    if (size === null || ours === null) continue;
    const stem = name.replace(size[0], '-N');
    const key = JSON.stringify([stem, peerName]);
    const curve = curves.get(key) ?? { name: stem, unit, peerName, points: [] };
    curve.points.push({ size: Number(size[1]) * (size[2] === 'k' ? 1_000 : 1), ours, peer });
    curves.set(key, curve);
  }
  return [...curves.values()]
    .filter(({ points }) => points.length >= 3)
    .map((curve) => ({ ...curve, points: curve.points.toSorted((a, b) => a.size - b.size) }));
}

/** By how much the logarithm of the value grows with that of the size: least squares. */
export function slopeOf(points: readonly (readonly [size: number, value: number])[]): number {
  const logs = points.map(([size, value]) => [Math.log(size), Math.log(value)] as const);
  const mean = (part: 0 | 1): number => logs.reduce((sum, log) => sum + log[part], 0) / logs.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const along = logs.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return logs.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / along;
}

const width = 300;
const height = 180;
const margin = 44;

/** A curve of a package beside its peer's, with their slopes. */
export function plotOf(from: string, { name, unit, peerName, points }: Curve): string {
  const lines = (['ours', 'peer'] as const).map((kind) => ({
    kind,
    // A share of a processor may be too small to be measured; it has no logarithm.
    values: points.flatMap(({ size, [kind]: value }) =>
      value === null || value <= 0 ? [] : [[size, value] as const],
    ),
  }));
  const sizes = points.map(({ size }) => size);
  const values = lines.flatMap((line) => line.values.map(([, value]) => value));
  const x = scale(Math.min(...sizes), Math.max(...sizes), margin, width - 12);
  const y = scale(Math.min(...values), Math.max(...values), height - margin / 2, 10);
  const drawn = lines.map(({ kind, values: own }) => {
    const at = own.map(([size, value]) => `${x(size).toFixed(1)},${y(value).toFixed(1)}`);
    return `<polyline class="${kind}" style="fill:none" points="${at.join(' ')}"/>`;
  });
  const labels = [
    ...sizes.map(
      (size) => `<text x="${x(size).toFixed(1)}" y="${height - 4}" text-anchor="middle">${size}</text>`,
    ),
    ...[Math.min(...values), Math.max(...values)].map(
      (value) =>
        `<text x="${margin - 4}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end">${round(value)}</text>`,
    ),
  ];
  const slopes = lines
    .filter((line) => line.values.length >= 2)
    .map(({ kind, values: own }) => `${kind === 'ours' ? 'ours' : peerName} ${slopeOf(own).toFixed(2)}`);
  return `<figure><figcaption>${escapeHtml(from)}: ${escapeHtml(name)} in ${escapeHtml(unit)}; slope: ${escapeHtml(slopes.join(', '))}</figcaption>\
<svg width="${width}" height="${height}" role="img" aria-label="${escapeHtml(name)}">\
<line class="axis" x1="${margin}" y1="${height - margin / 2}" x2="${width - 8}" y2="${height - margin / 2}"/>\
<line class="axis" x1="${margin}" y1="6" x2="${margin}" y2="${height - margin / 2}"/>${labels.join('')}${drawn.join('')}</svg></figure>`;
}

/** Where a value lies between two ends, by its logarithm. */
function scale(least: number, most: number, from: number, to: number): (value: number) => number {
  const span = Math.log(most) - Math.log(least);
  return (value) => (span === 0 ? from : from + ((Math.log(value) - Math.log(least)) / span) * (to - from));
}
