import { formatDuration } from '@cutover/foundation/duration';
import type { Plan } from '../engine/plan.ts';
import type { Runbook } from '../engine/runbook.ts';
import { factText, type WorldFacts } from '../engine/world-facts.ts';
import type { PlannedStep } from '../journal/entry.ts';
import type { JournalState } from '../journal/state.ts';
import { shortPlan } from '../progress/format.ts';
import { printable } from '../progress/printable.ts';

/**
 * A plan for reading: its phases and steps, what is done of it and what it took last, its gates and commit points, and
 * what it cannot do.
 *
 * @param rehearsed milliseconds that steps took in a rehearsal, for those that this state directory has not seen done.
 * @param world what it stands on, where that was looked at.
 */
export function planText<World>(
  plan: Plan,
  { phases, caveats = [] }: Runbook<World>,
  state: JournalState,
  rehearsed: Readonly<Record<string, number>> = {},
  world: WorldFacts = {},
): string {
  const recorded = state.lists.get(plan.list);
  const longest = Math.max(...plan.steps.map(({ id }) => id.length));
  const lines = [`${plan.runbook} · ${plan.steps.length} steps`];
  for (const { id: phase, title } of phases) {
    const steps = plan.steps.filter((step) => step.phase === phase);
    if (steps.length > 0) lines.push('', title);
    for (const step of steps) {
      const known = recorded?.steps.get(step.id);
      const current = known?.inputHash === step.inputHash && known.version === step.version;
      const mark = known?.status === 'verified' ? (current ? '✓' : '~') : '◦';
      const took = timeText(known?.took, rehearsed[step.id]);
      const where = step.on === undefined ? '' : ` · ${step.on.join(', ')}`;
      lines.push(`  ${mark} ${step.id.padEnd(longest)}  ${step.title}${where}${took}${notes(step)}`);
    }
  }
  const facts = Object.entries(world);
  if (facts.length > 0)
    lines.push(
      '',
      'The world now:',
      ...facts.map(([name, fact]) => printable(`  ${name}: ${factText(fact)}`)),
    );
  if (caveats.length > 0) lines.push('', 'What this cannot do:', ...caveats.map((text) => `  ! ${text}`));
  lines.push('', `plan ${shortPlan(plan.hash)} · ✓ done  ~ done, and changed since  ◦ to do`);
  return lines.join('\n');
}

/** What it took last; under a second says nothing. */
function timeText(took: number | undefined, rehearsed: number | undefined): string {
  const [time, when] = took === undefined ? [rehearsed, 'rehearsed'] : [took, 'last time'];
  return time === undefined || time < 1000 ? '' : `  (${formatDuration(time)} ${when})`;
}

function notes({ kind, gate, commitPoint }: PlannedStep): string {
  const words = [
    ...(kind === 'irreversible' ? ['irreversible'] : []),
    ...(gate === 'approval' ? ['asks first'] : []),
    ...(gate === 'human' ? ['a person does this'] : []),
    ...(commitPoint === 'C1' ? ['C1: from here a rollback is a move in the other direction'] : []),
    ...(commitPoint === 'C2' ? ['C2: from here there is no rollback'] : []),
  ];
  return words.length === 0 ? '' : `  ◆ ${words.join(', ')}`;
}
