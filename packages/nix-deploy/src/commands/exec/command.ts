import { Command } from 'commander';

import { collect, positive, type SharedOptions, withConnectionOptions } from '../shared/options.ts';

export interface ExecFlags extends SharedOptions {
  readonly on?: readonly string[];
  readonly parallel: number;
}

export function execCommand(): Command {
  const command = new Command('exec')
    .description('run a command on many targets, each line of output with the name of its target')
    .argument('<command...>', 'the command and its arguments, after --')
    .option(
      '--on <target>',
      'a name, @tag or pattern of the config file, or user@host[:port]; may be repeated (default: all)',
      collect,
    )
    .option('--parallel <n>', 'targets at once', positive, 10);
  return withConnectionOptions(command)
    .passThroughOptions()
    .action(async (argv: string[], flags: ExecFlags) => {
      const { runExec } = await import('./run.ts');
      await runExec(argv, flags);
    });
}
