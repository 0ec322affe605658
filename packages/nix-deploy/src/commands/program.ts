import { Command, Option } from 'commander';

import { deployExitCodes } from '../exit-codes.ts';
import {
  collect,
  type DeployFlags,
  type GcFlags,
  type GenerationsFlags,
  milliseconds,
  type PlanFlags,
  positive,
  type RebootProofFlags,
  type RollbackFlags,
  wholeNumber,
  withSharedOptions,
  withSourceOptions,
} from './options.ts';

/**
 * The command `nix-deploy`. What a command does is loaded when it runs: ssh and the config's schema take longer to load than
 * it takes to say how a command is used.
 */
export function createProgram(): Command {
  return new Command('nix-deploy')
    .description('NixOS deploys that cannot strand a host')
    .addCommand(planCommand())
    .addCommand(deployCommand())
    .addCommand(rollbackCommand())
    .addCommand(generationsCommand())
    .addCommand(rebootProofCommand())
    .addCommand(gcCommand())
    .addHelpText(
      'after',
      `\nExit codes: 0 done, 1 failed otherwise, 2 wrong usage, ${Object.entries(deployExitCodes)
        .map(([code, exit]) => `${exit} ${code.toLowerCase().replaceAll('_', '-')}`)
        .join(', ')}, 130 and 143 interrupted, 141 whoever read the output went away.`,
    );
}

function planCommand(): Command {
  const command = new Command('plan').description(
    'say what a deploy would do; nothing is copied or activated',
  );
  return withSourceOptions(withSharedOptions(command))
    .addOption(
      new Option('--action <action>', 'what would be done with it')
        .choices(['switch', 'boot', 'test'])
        .default('switch'),
    )
    .option('--no-build', 'only say what has to be built')
    .action(async (names: string[], flags: PlanFlags) => {
      const { runPlan } = await import('./run-plan.ts');
      await runPlan(names, flags);
    });
}

function deployCommand(): Command {
  const command = new Command('deploy').description('build, activate, confirm; or restore what ran before');
  return withSourceOptions(withSharedOptions(command))
    .addOption(
      new Option('--action <action>', 'what to do with it')
        .choices(['switch', 'boot', 'test', 'dry-activate'])
        .default('switch'),
    )
    .option('--specialisation <name>', 'activate this specialisation')
    .option('--force', 'activate even when nothing differs')
    .option('--parallel <n>', 'targets at once', positive)
    .option('--canary <name>', 'a target that goes first; may be repeated', collect)
    .option('--continue', 'go on with other targets after a failure')
    .option('--revoke', 'after a failure, take back those that succeeded')
    .action(async (names: string[], flags: DeployFlags) => {
      const { runDeploy } = await import('./run-deploy.ts');
      await runDeploy(names, flags);
    });
}

function rollbackCommand(): Command {
  const command = new Command('rollback').description(
    'make an earlier generation the active one, confirmed or undone',
  );
  return withSharedOptions(command)
    .option(
      '--to <generation>',
      'its number; the newest other system before the active one without it',
      wholeNumber,
    )
    .action(async (names: string[], flags: RollbackFlags) => {
      const { runRollback } = await import('./run-rollback.ts');
      await runRollback(names, flags);
    });
}

function generationsCommand(): Command {
  const command = new Command('generations').description('the generations of each target, and what changed');
  return withSharedOptions(command)
    .option('--no-changes', 'leave out what changed')
    .action(async (names: string[], flags: GenerationsFlags) => {
      const { runGenerations } = await import('./run-generations.ts');
      await runGenerations(names, flags);
    });
}

function rebootProofCommand(): Command {
  const command = new Command('reboot-proof').description(
    'reboot a target and prove that it came back as deployed',
  );
  return withSharedOptions(command)
    .option('--system <path>', 'the system that must boot; what the profile names without it')
    .addOption(
      new Option('--timeout <duration>', 'until all must be proven')
        .argParser(milliseconds)
        .default(300_000, '5m'),
    )
    .action(async (names: string[], flags: RebootProofFlags) => {
      const { runRebootProof } = await import('./run-reboot-proof.ts');
      await runRebootProof(names, flags);
    });
}

function gcCommand(): Command {
  const command = new Command('gc').description('delete old generations and collect what only they needed');
  return withSharedOptions(command)
    .option('--keep <n>', 'newest generations that stay', wholeNumber, 5)
    .addOption(
      new Option('--keep-younger <duration>', 'generations younger than this stay')
        .argParser(milliseconds)
        .default(7 * 24 * 3_600_000, '7d'),
    )
    .option('--dry-run', 'say what would be deleted')
    .action(async (names: string[], flags: GcFlags) => {
      const { runGc } = await import('./run-gc.ts');
      await runGc(names, flags);
    });
}
