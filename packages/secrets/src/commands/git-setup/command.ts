import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { withInterrupts } from '@cutover/foundation/interrupts';
import type { Command } from 'commander';
import { jsonOption, print } from '../shared/options.ts';

/** `secrets git-setup [PATTERN…]`. */
export function setUpGitSetup(command: Command): Command {
  return command
    .argument('[pattern...]', 'which files git shows decrypted, as in .gitattributes', ['secrets/**'])
    .option('--repository <directory>', 'the git working tree', '.')
    .addOption(jsonOption())
    .action(async (patterns: string[], flags: { repository: string; json?: boolean }) => {
      const { localHost } = await import('@cutover/host');
      const { setUpGit } = await import('../../guard/set-up-git.ts');
      await using host = localHost();
      const program = await realpath(process.argv[1] ?? '');
      const report = await withInterrupts((signal) =>
        setUpGit({ host, repository: resolve(flags.repository), patterns, program, signal }),
      );
      print(flags.json, report, () => [
        `${report.hook.outcome}: ${report.hook.path}, which runs secrets guard before each commit`,
        `${report.attributes.outcome}: ${report.attributes.path}: git diff shows ${patterns.join(' ')} decrypted`,
      ]);
    });
}
