import { Command, Option } from 'commander';

import { milliseconds, type SharedOptions, withOneTarget } from '../shared/options.ts';

export interface RebootProofFlags extends SharedOptions {
  readonly system?: string;
  /** Milliseconds. */
  readonly timeout: number;
}

export function rebootProofCommand(): Command {
  const command = new Command('reboot-proof').description(
    'reboot a target and prove that it comes back with the deployed system',
  );
  return withOneTarget(command)
    .option('--system <path>', 'the system that must boot (default: the active generation)')
    .addOption(
      new Option('--timeout <duration>', 'time until everything must be proven')
        .argParser(milliseconds)
        .default(300_000, '5m'),
    )
    .action(async (name: string | undefined, flags: RebootProofFlags) => {
      const { runRebootProof } = await import('./run.ts');
      await runRebootProof(name, flags);
    });
}
