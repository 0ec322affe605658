import { expect, test } from 'vitest';
import type { Outcome } from '../../src/engine/outcome.ts';
import { endingLines } from '../../src/progress/ending.ts';
import { emptyView, type RunView, show } from '../../src/progress/view.ts';

function ending(outcome: Outcome, change: (view: RunView) => void = () => undefined): string {
  const view = emptyView(0);
  const envelope = { seq: 1, prevHash: '', hash: '', runId: 'r', epoch: 0, list: 'main', wall: '', mono: 0 };
  const common = {
    version: 1,
    phase: 'a',
    title: '',
    kind: 'reversible',
    needs: [],
    inputHash: '',
    timeout: 1,
  } as const;
  show(
    view,
    {
      ...envelope,
      type: 'plan',
      planHash: '',
      runbook: 'pi → vm',
      phases: [{ id: 'a', title: 'A' }],
      words: { owner: 'owner', downtime: 'downtime' },
      fresh: true,
      standIns: [],
      steps: [
        { ...common, id: 'quiesce', gate: 'approval' },
        { ...common, id: 'log-in', gate: 'human' },
      ],
    },
    0,
  );
  change(view);
  const facts = {
    view,
    journal: 'j',
    command: 'cutover',
    owner: undefined,
    options: '--config c',
    choice: '',
    goOn: 'cutover resume',
    seconds: 1,
  };
  return endingLines(outcome, facts).join('\n');
}

test('a gate whose time is over is opened again before it is answered', () => {
  const text = ending({ result: 'waiting', step: 'quiesce', reason: 'late' });
  expect(text.indexOf('cutover resume --config c')).toBeLessThan(
    text.indexOf('cutover approve quiesce --config c'),
  );
  expect(text).toMatch(/ask again: +cutover resume/);
  expect(text).toMatch(/answer then: +cutover approve/);
});

test('what a person does is not approved', () => {
  const text = ending({ result: 'waiting', step: 'log-in', reason: 'late' });
  expect(text).toMatch(/go on: +cutover resume --config c/);
  expect(text).not.toContain('approve');
});

test('past C2 no rollback is offered', () => {
  const failed: Outcome = { result: 'failed', step: 'quiesce', reason: 'no' };
  expect(ending(failed)).toContain('cutover rollback --config c');
  expect(ending(failed, (view) => view.commits.add('C2'))).not.toContain('rollback');
});
