import { Command, Option } from 'commander';

import type { Action } from '../../options.ts';
import { type SharedOptions, withSharedOptions, withSourceOptions } from '../shared/options.ts';

export interface PlanFlags extends SharedOptions {
  readonly action: Action;
  readonly build: boolean;
}

export function planCommand(): Command {
  const command = new Command('plan').description(
    'say what a deploy would do; nothing is copied or activated',
  );
  return withSourceOptions(withSharedOptions(command))
    .addOption(
      new Option('--action <action>', 'what the deploy would do')
        .choices(['switch', 'boot', 'test'])
        .default('switch'),
    )
    .option('--no-build', 'build nothing; say only what has to be built')
    .action(async (names: string[], flags: PlanFlags) => {
      const { runPlan } = await import('./run.ts');
      await runPlan(names, flags);
    });
}
