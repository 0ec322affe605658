import { withInterrupts } from '@cutover/foundation/interrupts';
import { processIo, write } from '@cutover/foundation/io';
import { formatSize } from '@cutover/foundation/size';

import { plan, type Plan } from '../../plan/plan.ts';
import { storeName } from '../../nix/progress.ts';
import { askEach } from '../shared/ask-each.ts';
import { chosenMembers } from '../shared/chosen-members.ts';
import type { PlanFlags } from './command.ts';
import { describePackage } from '../shared/packages.ts';
import { printable } from '../shared/printable.ts';

/** `nix-deploy plan`. */
export async function runPlan(names: readonly string[], flags: PlanFlags): Promise<void> {
  const { members } = await chosenMembers(names, flags);
  const { action, build } = flags;
  await withInterrupts(async (signal) => {
    // One after the other, for each evaluates.
    const { answers, all } = await askEach(
      members,
      { parallel: 1, signal },
      async ({ target, options: own }) => await plan(target, { ...own, action, build, signal }),
    );
    const text = flags.json === true ? `${JSON.stringify({ plans: all })}\n` : answers.map(render).join('\n');
    await write(processIo.stdout, text);
  });
}

/** A plan for people. */
export function render(planned: Plan): string {
  const lines = [`${planned.target} · ${planned.action} · generation ${planned.generation ?? 'none'}`];
  for (const { check, message, fix } of planned.problems) lines.push(`  ! ${check}: ${message} — ${fix}`);
  if (planned.unchanged)
    return `${[...lines, '  runs and boots this system already: nothing to do'].join('\n')}\n`;
  const { work, closure, units, copy } = planned;
  if (work !== undefined) {
    lines.push(`  build    ${work.build.length} derivations${some(work.build.map(storeName))}`);
    const size = work.download === undefined ? '' : `, ${formatSize(work.download)}`;
    lines.push(`  fetch    ${work.fetch.length} paths${size}`);
  }
  if (copy !== undefined) lines.push(`  copy     ${copy.paths.length} paths, ${formatSize(copy.bytes)}`);
  if (closure !== undefined) {
    lines.push(`  closure  ${formatSize(closure.before)} → ${formatSize(closure.after)}`);
    for (const one of closure.packages) lines.push(`    ${describePackage(one)}`);
  }
  if (units !== undefined) {
    for (const [word, list] of Object.entries(units)) {
      if (list.length > 0) lines.push(`  units    ${word}: ${list.join(', ')}`);
    }
  }
  for (const { user, ...own } of planned.userUnits) {
    for (const [word, list] of Object.entries(own)) {
      if (list.length > 0) lines.push(`  units    of ${user} ${word}: ${list.join(', ')}`);
    }
  }
  if (planned.swapsOff.length > 0) lines.push(`  swap     turned off: ${planned.swapsOff.join(', ')}`);
  for (const line of planned.disagreements ?? []) lines.push(`  units    asked itself: ${line}`);
  if (planned.inhibitors.length > 0) {
    lines.push(
      `  ! it cannot be switched to while it runs, for these changed: ${planned.inhibitors.join(', ')}`,
    );
    const override = planned.inhibitors.map((name) => `--override-inhibitor ${name}`).join(' ');
    lines.push(`    deploy it with --action boot, then reboot; or at your own risk with ${override}`);
  }
  if (planned.connection.length > 0)
    lines.push(`  ! the connection may stand on what this touches: ${planned.connection.join(', ')}`);
  if (planned.rebootFor.length > 0) lines.push(`  reboot   needed for ${planned.rebootFor.join(', ')}`);
  return printable(`${lines.join('\n')}\n`);
}

function some(names: readonly string[]): string {
  if (names.length === 0) return '';
  return `: ${names.slice(0, 5).join(', ')}${names.length > 5 ? ', …' : ''}`;
}
