import { resolve } from 'node:path';
import { withInterrupts } from '@cutover/foundation/interrupts';
import type { Command } from 'commander';
import { exitCodes } from '../exit-codes.ts';
import { jsonOption, print } from '../shared/options.ts';

/** `secrets guard`: a pre-commit hook. */
export function setUpGuard(command: Command): Command {
  return command
    .option('--repository <directory>', 'the git working tree', '.')
    .addOption(jsonOption())
    .action(async (flags: { repository: string; json?: boolean }) => {
      const { localHost } = await import('@cutover/host');
      const { guardStaged } = await import('../../guard/guard-staged.ts');
      await using host = localHost();
      const report = await withInterrupts((signal) =>
        guardStaged({ host, repository: resolve(flags.repository), signal }),
      );
      print(flags.json, report, () => [
        ...report.findings.flatMap(({ file, line, problem, detail, fix }) => [
          `${file}${line === undefined ? '' : `:${line}`}: ${problem}: ${detail}`,
          `  → ${fix}`,
        ]),
        ...report.allowed.map(({ file, detail, reason }) => `allowed: ${file}: ${detail} (${reason})`),
      ]);
      if (report.findings.length > 0) process.exitCode = exitCodes.findings.code;
    });
}
