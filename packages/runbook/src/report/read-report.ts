import { readJournal } from '../journal/read.ts';
import { collector } from './collect.ts';
import { emptyReport, type Report } from './model.ts';

/**
 * Reads a report out of the journal at `path`.
 *
 * @throws {JournalDamagedError} the journal is not what was written.
 */
export async function readReport(path: string): Promise<Report> {
  const report = emptyReport();
  await readJournal(path, collector(report));
  return report;
}

/** Milliseconds of downtime, all runs and rollbacks in the journal together; `undefined`: none, or not over. */
export function totalDowntime({ downtimes }: Report): number | undefined {
  if (downtimes.length === 0 || downtimes.some(({ milliseconds }) => milliseconds === undefined))
    return undefined;
  return downtimes.reduce((sum, { milliseconds }) => sum + (milliseconds ?? 0), 0);
}
