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
      const findings = await withInterrupts((signal) =>
        guardStaged({ host, repository: resolve(flags.repository), signal }),
      );
      print(flags.json, { findings }, () =>
        findings.map(({ file, problem, detail }) => `${file}: ${problem}: ${detail}`),
      );
      if (findings.length > 0) process.exitCode = exitCodes.findings.code;
    });
}
