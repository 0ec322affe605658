import { withInterrupts } from '@cutover/foundation/interrupts';
import { UsageError } from '@cutover/foundation/usage-error';
import type { Command } from 'commander';
import type { RigQuiesceReport } from '../rig/quiesce-rig.ts';
import type { QuiescedClone } from '../safe-point/quiesce-report.ts';
import { loopsExitCodes } from '../exit-codes.ts';
import { type CommonOptions, configOf, print, withCommonOptions } from './common.ts';

/** `loops quiesce`: bring this machine's rig to rest at a safe point. */
export function addQuiesceCommand(program: Command): void {
  withCommonOptions(program.command('quiesce'))
    .option('--deadline <duration>', 'time for all of it, e.g. 30s (default: the one in the config)')
    .option('--keep', 'keep all loops stopped until loops start, also after a reboot')
    .description('stop all loops at a safe point; unsafe work is kept under a ref')
    .action(async (options: CommonOptions & { deadline?: string; keep?: true }) => {
      const [{ quiesceRig }, { durationRule, parseDuration }] = await Promise.all([
        import('../rig/quiesce-rig.ts'),
        import('@cutover/foundation/duration'),
      ]);
      const config = await configOf(options);
      const deadline =
        options.deadline === undefined ? config.quiesce.deadline : parseDuration(options.deadline);
      if (deadline === undefined) throw new UsageError(`--deadline ${options.deadline}: ${durationRule}`);
      const report = await withInterrupts((signal) =>
        quiesceRig(config, { deadline, keep: options.keep === true, signal }),
      );
      await print(options, report, quiesceText(report));
      process.exitCode = report.safe ? 0 : loopsExitCodes.unsafe;
    });
}

function quiesceText(report: RigQuiesceReport): string {
  const clones = report.clones.flatMap((clone) => [
    `${clone.safe ? 'safe  ' : 'UNSAFE'} ${clone.path}  ${clone.head ?? ''}`,
    ...clone.reasons.map(({ code, detail }) => `       ${code}: ${detail}`),
    ...keptLines(clone).map((line) => `       ${line}`),
  ]);
  const unchecked = report.unchecked.map((name) => `not checked: ${name}, which has no clone`);
  const left = report.stopped.remaining.map(({ kind, detail }) => `left: ${kind} ${detail}`);
  const problems = [report.holdProblem, report.stopProblem].filter((problem) => problem !== undefined);
  const end = report.safe ? 'at rest, at a safe point' : 'not at a safe point';
  return [...clones, ...unchecked, ...left, ...problems.map((problem) => `problem: ${problem}`), end].join(
    '\n',
  );
}

function keptLines({ salvage, salvageProblem }: QuiescedClone): string[] {
  if (salvageProblem !== undefined) return [`NOT kept: ${salvageProblem}`];
  if (salvage === undefined) return [];
  const { ref, pushedTo, pushProblem, notKept } = salvage;
  const where = pushedTo === undefined ? 'here only' : `here and at ${pushedTo}`;
  return [
    `kept in ${ref}, ${where}${pushProblem === undefined ? '' : `: ${pushProblem}`}`,
    ...notKept.map((what) => `NOT kept: ${what}`),
  ];
}
