import { Command, Option } from 'commander';

import type { Action } from '../../options.ts';
import {
  collect,
  positive,
  type SharedOptions,
  withSharedOptions,
  withSourceOptions,
} from '../shared/options.ts';

export interface DeployFlags extends SharedOptions {
  readonly action: Action;
  readonly specialisation?: string;
  readonly force?: boolean;
  readonly mayStop?: string[];
  readonly overrideInhibitor?: string[];
  readonly installBootloader?: boolean;
  readonly skipUnreachable?: boolean;
  readonly parallel?: number;
  readonly evaluateAtOnce?: number;
  readonly canary?: string[];
  readonly continue?: boolean;
  readonly revoke?: boolean;
}

export function deployCommand(): Command {
  const command = new Command('deploy').description(
    'build, activate and confirm a system; restore what ran before when it is not confirmed',
  );
  return withSourceOptions(withSharedOptions(command))
    .addOption(
      new Option('--action <action>', 'what to do with the system')
        .choices(['switch', 'boot', 'test', 'dry-activate', 'check'])
        .default('switch'),
    )
    .option('--specialisation <name>', 'activate this specialisation of the system')
    .option('--force', 'activate also when nothing differs')
    .option(
      '--may-stop <unit>',
      'stop this unit although the connection may stand on it; may be repeated',
      collect,
    )
    .option(
      '--override-inhibitor <name>',
      'switch although this part changed, which needs a reboot (plan names them); may be repeated',
      collect,
    )
    .option('--install-bootloader', 'write the boot loader itself again, not only its entries')
    .option('--skip-unreachable', 'leave out targets that cannot be reached; they are no failure')
    .option('--parallel <n>', 'targets at once (default: 5)', positive)
    .option(
      '--evaluate-at-once <n>',
      'configurations of one flake that one nix evaluates here (default: as memory allows)',
      positive,
    )
    .option('--canary <name>', 'a target that goes first; may be repeated', collect)
    .option('--continue', 'go on with other targets after a failure')
    .option('--revoke', 'after a failure, roll back the targets that succeeded')
    .action(async (names: string[], flags: DeployFlags) => {
      const { runDeploy } = await import('./run.ts');
      await runDeploy(names, flags);
    });
}
