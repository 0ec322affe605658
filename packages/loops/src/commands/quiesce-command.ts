import { withInterrupts } from '@cutover/foundation/interrupts';
import { UsageError } from '@cutover/foundation/usage-error';
import type { Command } from 'commander';
import type { QuiesceReport } from '../safe-point/quiesce-report.ts';
import { loopsExitCodes } from '../exit-codes.ts';
import { type CommonOptions, print, withCommonOptions } from './common.ts';

/** `loops quiesce`: bring this machine's rig to rest at a safe point. */
export function addQuiesceCommand(program: Command): void {
  withCommonOptions(program.command('quiesce'))
    .option('--deadline <duration>', 'how long to wait for a safe point, e.g. 30s')
    .option('--keep', 'keep all loops stopped until loops start, also after a reboot')
    .description('stop all loops at a safe point; unsafe work is kept under a ref')
    .action(async (options: CommonOptions & { deadline?: string; keep?: true }) => {
      const [{ loadRigConfig }, { quiesceRig }, { durationRule, parseDuration }] = await Promise.all([
        import('../config/load-rig-config.ts'),
        import('../rig/quiesce-rig.ts'),
        import('@cutover/foundation/duration'),
      ]);
      const config = await loadRigConfig(options.config);
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

function quiesceText(report: QuiesceReport): string {
  const clones = report.clones.flatMap((clone) => [
    `${clone.safe ? 'safe  ' : 'UNSAFE'} ${clone.path}  ${clone.head ?? ''}`,
    ...clone.reasons.map(({ code, detail }) => `       ${code}: ${detail}`),
    ...(clone.salvage === undefined ? [] : [`       kept in ${clone.salvage.ref}`]),
    ...(clone.salvageProblem === undefined ? [] : [`       NOT kept: ${clone.salvageProblem}`]),
  ]);
  const left = report.stopped.remaining.map(({ kind, detail }) => `left: ${kind} ${detail}`);
  return [...clones, ...left, report.safe ? 'at rest, at a safe point' : 'not at a safe point'].join('\n');
}
