import { expect, test } from 'vitest';
import { PassThrough } from 'node:stream';
import type { EngineEvent } from '../../src/engine/events.ts';
import { summary } from '../../src/progress/format.ts';
import { plainRenderer } from '../../src/progress/plain.ts';
import { terminalRenderer } from '../../src/progress/terminal.ts';
import { treeLines } from '../../src/progress/tree.ts';
import { emptyView, show } from '../../src/progress/view.ts';
import type { PlannedStep } from '../../src/journal/entry.ts';

const step = (id: string, more: Partial<PlannedStep> = {}): PlannedStep => ({
  id,
  version: 1,
  phase: 'd-cut-over',
  title: `do ${id}`,
  kind: 'reversible',
  needs: [],
  inputHash: '',
  timeout: 120_000,
  ...more,
});

const envelope = {
  seq: 1,
  prevHash: '',
  hash: '',
  runId: 'r',
  epoch: 0,
  list: 'main',
  wall: '',
  mono: 0,
} as const;
const identity = { ...envelope, stepVersion: 1, inputHash: '', attempt: 1 };

const plan: EngineEvent = {
  ...envelope,
  type: 'plan',
  planHash: '7c1e5c39ab12ff',
  runbook: 'pi → vm',
  phases: [
    { id: 'a-provision', title: 'A provision' },
    { id: 'd-cut-over', title: 'D cut over' },
    { id: 'e-hand-over', title: 'E hand over' },
  ],
  words: { owner: 'owner of the loops', downtime: 'downtime of the loops' },
  fresh: true,
  standIns: [],
  steps: [
    step('create', { phase: 'a-provision' }),
    step('quiesce-old', { gate: 'approval' }),
    step('prove-stopped'),
    step('claim-epoch', { commitPoint: 'C1', kind: 'irreversible' }),
    step('connect', { phase: 'e-hand-over', gate: 'human' }),
  ],
};

const verified = (id: string, evidence = {}): EngineEvent => ({
  ...identity,
  type: 'verified',
  step: id,
  how: 'applied',
  evidence,
});

function lines(events: readonly [EngineEvent, number][], now: number, width = 100): string[] {
  const view = emptyView(0);
  for (const [event, at] of events) show(view, event, at);
  return treeLines(view, now, { command: 'cutover', options: ' --config rig-2.yaml', width, colour: false });
}

test('the tree folds what is done and shows what runs, and what is ahead', () => {
  const shown = lines(
    [
      [plan, 0],
      [{ ...envelope, type: 'owner', owner: 'pi', ownerEpoch: 41 }, 0],
      [{ type: 'looking', list: 'main', step: 'create' }, 0],
      [verified('create', { instance: 'vm' }), 130_000],
      [{ type: 'looking', list: 'main', step: 'quiesce-old' }, 130_000],
      [verified('quiesce-old', { 'safe point': '9f3a' }), 130_500],
      [{ type: 'looking', list: 'main', step: 'prove-stopped' }, 130_500],
      [{ type: 'progress', list: 'main', step: 'prove-stopped', text: 'no processes left' }, 139_000],
    ],
    142_500,
  );
  expect(shown).toEqual([
    'plan 7c1e5c39ab12 · pi → vm · owner pi@41 · 2 gates · 1 irreversible',
    '✓ A provision          2m10s',
    '▶ D cut over           13s',
    '  ✓ quiesce-old    safe point 9f3a',
    expect.stringMatching(
      /^ {2}. prove-stopped {2}12s of 2m00s {2}no processes left {2}last news 3\.5s ago$/,
    ),
    '  ◦ claim-epoch    ◆ C1',
    '◦ E hand over',
  ]);
});

test('a failure stays in sight with its reason, cut to the width', () => {
  const failed: EngineEvent = {
    ...identity,
    type: 'failed',
    step: 'create',
    during: 'apply',
    error: { code: 'X', message: `quota ${'x'.repeat(200)}\nsecond line`, causes: [] },
  };
  const shown = lines(
    [
      [plan, 0],
      [{ type: 'looking', list: 'main', step: 'create' }, 0],
      [failed, 10],
    ],
    20,
    60,
  );
  expect(shown[1]).toBe('✗ A provision');
  expect(shown[2]).toMatch(/^ {2}✗ create {2}quota x+…$/);
  for (const line of shown) expect(line.length).toBeLessThanOrEqual(60);
});

test('a gate names the command that answers it', () => {
  const open: EngineEvent = {
    ...identity,
    type: 'gate.open',
    step: 'quiesce-old',
    kind: 'approval',
    nonce: '',
    text: 'Stop?',
    evidence: {},
    evidenceHash: '',
    planHash: '',
    expires: '2026-05-31T10:30:00.000Z',
  };
  const shown = lines(
    [
      [plan, 0],
      [{ type: 'looking', list: 'main', step: 'quiesce-old' }, 0],
      [open, 0],
    ],
    10,
    120,
  );
  expect(shown.join('\n')).toContain(
    'waiting for approval until 2026-05-31 10:30 UTC: cutover approve quiesce-old --config rig-2.yaml',
  );
});

test('without a terminal there are plain lines, and no control characters', () => {
  const output = new PassThrough();
  {
    using renderer = plainRenderer(output, emptyView(0));
    renderer.event(plan);
    renderer.event(verified('create', { instance: 'vm' }));
  }
  const text = String(output.read());
  expect(text).toMatch(/✓ create applied: instance vm/);
  // oxlint-disable-next-line no-control-regex
  expect(text).not.toMatch(/[\u0000-\u0009\u000B-\u001F]/);
});

test('a terminal is drawn over in place, and gets its cursor back', () => {
  const output = new PassThrough();
  {
    using renderer = terminalRenderer(output, emptyView(0), {
      command: 'cutover',
      options: '',
      colour: true,
    });
    renderer.event(plan);
    const go = renderer.pause();
    go();
  }
  const text = String(output.read());
  expect(text.startsWith('\u001B[?25l')).toBe(true);
  expect(text.endsWith('\u001B[?25h')).toBe(true);
  expect(text).toContain('\u001B[0J');
});

test('a summary has as many facts as fit', () => {
  expect(summary({ a: 1, b: 'two', c: 'x'.repeat(80) }, 40)).toBe('a 1, b two');
});
