import { withInterrupts } from '@cutover/foundation/interrupts';
import { write } from '@cutover/foundation/io';
import type { Command } from 'commander';
import { createRedactor } from '../journal/redactor.ts';
import { summary } from '../progress/format.ts';
import { printable } from '../progress/printable.ts';
import type { CommandContext } from './context.ts';
import { exitCodes } from './exit-codes.ts';
import { openRunbook } from './open-runbook.ts';
import { type CommonOptions, withCommonOptions } from './options.ts';

/** Adds `doctor`. */
export function addDoctorCommand<World>(program: Command, { command, io }: CommandContext<World>): void {
  withCommonOptions(
    program.command('doctor').description('look at everything that a run needs; changes nothing'),
    command,
  ).action(async (options: CommonOptions) => {
    await using open = await openRunbook(command, options);
    const { runbook } = open;
    const redactor = createRedactor(runbook.secretsToRedact ?? []);
    await withInterrupts(async (signal) => {
      for await (const finding of runbook.doctor?.(signal) ?? []) {
        if (!finding.ok) process.exitCode = exitCodes.failed.code;
        const { name, ok, evidence, reason } = redactor.value(finding);
        const facts = [reason ?? '', summary(evidence, 100)].filter((part) => part !== '').join(' · ');
        const text =
          options.json === true
            ? JSON.stringify(redactor.value(finding))
            : printable(`${ok ? '✓' : '✗'} ${name}  ${facts}`);
        await write(io.stdout, `${text.trimEnd()}\n`);
      }
    });
  });
}
