import { writeFile } from 'node:fs/promises';
import { write } from '@cutover/foundation/io';
import type { Command } from 'commander';
import { UsageError } from '../engine/errors.ts';
import { htmlReport } from '../report/html.ts';
import { markdownReport } from '../report/markdown.ts';
import { readReport } from '../report/read-report.ts';
import { reportRow, reportTable } from '../report/report-table.ts';
import type { CommandContext } from './context.ts';
import { readEach, withUnread } from './each-directory.ts';
import { type CommonOptions, findState, withCommonOptions } from './options.ts';

interface ReportFlags extends CommonOptions {
  readonly html?: string;
  readonly md?: string;
}

/** Adds `report`. */
export function addReportCommand<World>(program: Command, { command, io }: CommandContext<World>): void {
  withCommonOptions(
    program
      .command('report')
      .argument('[directories...]', 'state directories: one line for each, in place of --state')
      .description('what happened, from the journal alone: Markdown on stdout, or files'),
    command,
  )
    .option('--html <file>', 'write one self-contained HTML page')
    .option('--md <file>', 'write Markdown')
    .action(async (directories: string[], flags: ReportFlags) => {
      if (directories.length > 0) return write(io.stdout, `${await reportOfSeveral(directories, flags)}\n`);
      const directory = await findState(command, flags);
      const report = await readReport(directory.journal);
      if (report.runs.length === 0) {
        throw new UsageError(`there is nothing to report: ${directory.journal} tells of no run`);
      }
      if (flags.html !== undefined) await writeFile(flags.html, htmlReport(report));
      if (flags.md !== undefined) await writeFile(flags.md, markdownReport(report));
      if (flags.json === true) {
        const lists = Object.fromEntries(
          [...report.lists].map(([list, steps]) => [list, [...steps.values()]]),
        );
        await write(io.stdout, `${JSON.stringify({ ...report, lists })}\n`);
      } else if (flags.html === undefined && flags.md === undefined) {
        await write(io.stdout, markdownReport(report));
      }
    });
}

/** One table over several moves. */
async function reportOfSeveral(directories: readonly string[], flags: ReportFlags): Promise<string> {
  if (flags.html !== undefined || flags.md !== undefined)
    throw new UsageError('--html and --md are for one state directory: name it with --state');
  const { rows, unread } = await readEach(directories, reportRow);
  return flags.json === true ? JSON.stringify([...rows, ...unread]) : withUnread(reportTable(rows), unread);
}
