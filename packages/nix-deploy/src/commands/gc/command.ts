import { Command, Option } from 'commander';

import { milliseconds, type SharedOptions, wholeNumber, withSharedOptions } from '../shared/options.ts';

export interface GcFlags extends SharedOptions {
  readonly keep: number;
  /** Milliseconds. */
  readonly keepYounger: number;
  readonly dryRun?: boolean;
}

export function gcCommand(): Command {
  const command = new Command('gc').description(
    'delete old generations and collect the store paths that only they needed',
  );
  return withSharedOptions(command)
    .option('--keep <n>', 'how many of the newest generations to keep', wholeNumber, 5)
    .addOption(
      new Option('--keep-younger <duration>', 'keep generations younger than this')
        .argParser(milliseconds)
        .default(7 * 24 * 3_600_000, '7d'),
    )
    .option('--dry-run', 'only say what would be deleted')
    .action(async (names: string[], flags: GcFlags) => {
      const { runGc } = await import('./run.ts');
      await runGc(names, flags);
    });
}
