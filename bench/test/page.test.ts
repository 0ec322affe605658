import { expect, it } from 'vitest';
import { curvesOf, slopeOf } from '../src/curves.ts';
import type { Measured } from '../src/measure.ts';
import { pageOf } from '../src/page.ts';

const machine = { cpu: 'a <cpu>', cores: 2, memoryMiB: 4096, os: 'Linux', node: 'v20' };

function measured(given: Partial<Measured> & Pick<Measured, 'name'>): Measured {
  return {
    package: 'loops',
    date: '2026-01-02T03:04:05.000Z',
    unit: 'ms',
    ours: 10,
    peer: 20,
    oursP95: 12,
    peerP95: 22,
    peerName: 'pm2',
    ratio: 0.5,
    better: 'lower',
    samples: 3,
    ...given,
  };
}

it('takes figures of the same peer at three sizes or more for a curve', () => {
  const figures = [
    ...[30, 1, 200].map((size) => measured({ name: `start-${size}`, ours: size })),
    measured({ name: 'start-100', peerName: 'supervisord' }),
    ...['resume-1k', 'resume-10k', 'resume-100k'].map((name) => measured({ name })),
    measured({ name: 'ssh-push-256m' }),
    measured({ name: 'decrypt-100-values', ours: null }),
  ];
  expect(curvesOf(figures).map(({ name, points }) => [name, points.map(({ size }) => size)])).toEqual([
    ['start-N', [1, 30, 200]],
    ['resume-N', [1_000, 10_000, 100_000]],
  ]);
});

it('tells by how much a value grows with the size', () => {
  const of = (grow: (size: number) => number) =>
    slopeOf([1, 10, 100].map((size) => [size, grow(size)] as const));
  expect(of((size) => 3 * size)).toBeCloseTo(1);
  expect(of((size) => 7 * size ** 2)).toBeCloseTo(2);
  expect(of(() => 5)).toBeCloseTo(0);
});

it('makes one page of all figures, those without a peer too, that loads nothing', () => {
  const page = pageOf({
    machine,
    date: '2026-01-02T03:04:05.000Z',
    figures: [
      ...[1, 10, 100].map((size) => measured({ name: `start-${size}`, ours: size, peer: 2 * size })),
      measured({ name: 'mttr', peer: null, peerP95: null, ratio: null, missing: 'pm2 is not here: <how>' }),
      measured({ name: 'cpu-3', package: 'other', ours: null, oursP95: null, ratio: null }),
    ],
  });
  for (const text of [
    'a &lt;cpu>',
    'pm2 is not here: &lt;how>',
    'slope: ours 1.00, pm2 1.00',
    '<h2>other</h2>',
  ])
    expect(page).toContain(text);
  expect(page.match(/<polyline/g)).toHaveLength(2);
  expect(page).not.toMatch(/NaN|undefined|Infinity|<script|https?:/);
});
