import { formatDuration } from '@cutover/foundation/duration';
import { mainList } from '../engine/lists.ts';
import type { Phase } from '../engine/phase.ts';
import { factText, shortPlan } from '../progress/format.ts';
import { printable } from '../progress/printable.ts';
import type { Report, StepReport } from './model.ts';
import { totalDowntime } from './read-report.ts';

/** The report as Markdown. */
export function markdownReport(report: Report): string {
  const downtime = totalDowntime(report);
  const sections = [
    `# ${text(report.runbook)}`,
    table(
      ['', ''],
      [
        ['result', report.result ?? 'not ended'],
        ['run', report.runId],
        ['plan', shortPlan(report.plans.findLast(({ list }) => list === mainList)?.hash ?? '')],
        ['from', report.started],
        ['to', report.ended],
        [report.words.downtime, downtime === undefined ? 'none recorded' : formatDuration(downtime)],
        [report.words.owner, ownerText(report)],
      ],
    ),
    ...[...report.lists].flatMap(([list, steps]) => [
      `## Steps${list === mainList ? '' : ` (${list})`}`,
      ...report.phases.flatMap((phase) => phaseSection(phase, [...steps.values()])),
    ]),
    ...gateSection(report),
    ...driftSection(report),
    '## Timeline',
    table(
      ['when (UTC)', 'what'],
      report.timeline.map(({ wall, text: what }) => [wall, what]),
    ),
    '## Runs',
    table(
      ['when (UTC)', 'what', 'by', 'ended'],
      report.runs.map(({ wall, list, mode, runner, result, reason }) => [
        wall,
        `${mode} (${list})`,
        `${runner.user}@${runner.host}, pid ${runner.pid}`,
        [result ?? 'cut off', reason ?? ''].filter((part) => part !== '').join(': '),
      ]),
    ),
    '## What stood in for what',
    report.standIns.length === 0 ? 'Nothing: every part was the real one.' : bullets(report.standIns),
  ];
  return `${sections.join('\n\n')}\n`;
}

function ownerText({ owners }: Report): string {
  const last = owners.at(-1);
  return last === undefined ? 'not recorded' : `${last.owner} (epoch ${last.epoch})`;
}

function phaseSection({ id, title }: Phase, all: readonly StepReport[]): string[] {
  const steps = all.filter(({ plan }) => plan.phase === id);
  if (steps.length === 0) return [];
  return [
    `### ${text(title)}`,
    table(
      ['step', 'what', 'state', 'time', 'evidence'],
      steps.map((step) => [
        step.plan.id,
        step.plan.title,
        [step.state, step.how ?? '', step.attempts > 1 ? `${step.attempts} attempts` : '']
          .filter((part) => part !== '')
          .join(', '),
        step.milliseconds === 0 ? '' : formatDuration(step.milliseconds),
        Object.entries(step.evidence)
          .map(([fact, value]) => `${fact}: ${factText(value)}`)
          .join('; '),
      ]),
    ),
  ];
}

function gateSection({ gates }: Report): string[] {
  if (gates.length === 0) return [];
  const rows = gates.map(({ opened, step, kind, text: asked, evidenceHash, answer, by, note, answered }) => [
    step,
    kind,
    asked,
    [answer, by === undefined ? '' : `by ${by}`, note ?? ''].filter((part) => part !== '').join(' '),
    `${opened} to ${answered ?? 'now'}`,
    evidenceHash.slice(0, 12),
  ]);
  return [
    '## Approvals and human steps',
    table(['gate', 'kind', 'asked', 'answer', 'open (UTC)', 'evidence'], rows),
  ];
}

function driftSection({ drift }: Report): string[] {
  if (drift.length === 0) return ['## Drift', 'None was seen.'];
  return [
    '## Drift',
    table(
      ['when (UTC)', 'step', 'found', 'why'],
      drift.map((one) => [one.wall, one.step, one.state, one.reason]),
    ),
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => text(cell)).join(' | ')} |`;
  return [line(head), `|${' --- |'.repeat(head.length)}`, ...rows.map((row) => line(row))].join('\n');
}

function bullets(items: readonly string[]): string {
  return items.map((item) => `- ${text(item)}`).join('\n');
}

/** Text that Markdown shows as it is, on one line. */
function text(raw: string): string {
  return printable(raw)
    .replaceAll(/[\\`*_{}[\]<>|~#&]/g, String.raw`\$&`)
    .replaceAll(/\s+/g, ' ');
}
