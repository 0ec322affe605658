import { formatDuration } from '@cutover/foundation/duration';
import { textTable } from '@cutover/foundation/text-table';
import { findStateDirectory } from '../journal/state-directory.ts';
import type { Report } from './model.ts';
import { readReport, totalDowntime } from './read-report.ts';

/** One move in a report over several. */
export interface ReportRow {
  readonly directory: string;
  readonly runbook: string;
  /** How its last run ended, `not ended`, or `nothing has run`. */
  readonly result: string;
  /** When its first and last lines were written, ISO 8601. */
  readonly started: string;
  readonly ended: string;
  /** Milliseconds, all runs and rollbacks together; `null`: none, or not over. */
  readonly downtime: number | null;
  readonly owner: string | null;
  /** Who answered which gate, and how. */
  readonly answers: readonly { readonly step: string; readonly answer: string; readonly by: string | null }[];
  /** How often something was no longer as a step had left it. */
  readonly drift: number;
  readonly rollbacks: number;
}

/** What happened in the move of one state directory. Reads the journal only. */
export async function reportRow(directory: string): Promise<ReportRow> {
  const report = await readReport((await findStateDirectory(directory)).journal);
  const owner = report.owners.at(-1);
  return {
    directory,
    runbook: report.runbook,
    result: report.runs.length === 0 ? 'nothing has run' : (report.result ?? 'not ended'),
    started: report.started,
    ended: report.ended,
    downtime: totalDowntime(report) ?? null,
    owner: owner === undefined ? null : `${owner.owner}@${owner.epoch}`,
    answers: answersOf(report),
    drift: report.drift.length,
    rollbacks: report.rollbacks.length,
  };
}

function answersOf({ gates }: Report): ReportRow['answers'] {
  return gates
    .filter(({ answered }) => answered !== undefined)
    .map(({ step, answer, by }) => ({ step, answer, by: by ?? null }));
}

/** A line for each. */
export function reportTable(rows: readonly ReportRow[]): string {
  const head = [
    '',
    'runbook',
    'result',
    'from (UTC)',
    'to (UTC)',
    'downtime',
    'owner',
    'gates',
    'drift',
    'rollbacks',
  ];
  const lines = rows.map((row) => [
    row.directory,
    row.runbook,
    row.result,
    minute(row.started),
    minute(row.ended),
    row.downtime === null ? '' : formatDuration(row.downtime),
    row.owner ?? '',
    row.answers
      .map(({ step, answer, by }) => `${step} ${answer}${by === null ? '' : ` by ${by}`}`)
      .join(', '),
    row.drift === 0 ? '' : String(row.drift),
    row.rollbacks === 0 ? '' : String(row.rollbacks),
  ]);
  return textTable([head, ...lines]).join('\n');
}

function minute(wall: string): string {
  return wall.slice(0, 16).replace('T', ' ');
}
