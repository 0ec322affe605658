import { Command } from 'commander';

import { type SharedOptions, wholeNumber, withOneTarget } from '../shared/options.ts';

export interface RollbackFlags extends SharedOptions {
  readonly to?: number;
}

export function rollbackCommand(): Command {
  const command = new Command('rollback').description(
    'make an earlier generation active; restore what ran before when it is not confirmed',
  );
  return withOneTarget(command)
    .option(
      '--to <generation>',
      'generation number (default: the newest one before the active one whose system differs)',
      wholeNumber,
    )
    .action(async (name: string | undefined, flags: RollbackFlags) => {
      const { runRollback } = await import('./run.ts');
      await runRollback(name, flags);
    });
}
