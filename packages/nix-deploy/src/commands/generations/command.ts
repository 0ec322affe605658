import { Command } from 'commander';

import { type SharedOptions, withSharedOptions } from '../shared/options.ts';

export interface GenerationsFlags extends SharedOptions {
  readonly changes: boolean;
}

export function generationsCommand(): Command {
  const command = new Command('generations').description(
    'list the generations of each target, and what each of them changed',
  );
  return withSharedOptions(command)
    .option('--no-changes', 'leave out what changed')
    .action(async (names: string[], flags: GenerationsFlags) => {
      const { runGenerations } = await import('./run.ts');
      await runGenerations(names, flags);
    });
}
