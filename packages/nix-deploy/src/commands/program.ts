import { UsageError } from '@cutover/foundation/usage-error';
import { Command } from 'commander';

import { exitCodeHelp } from '../exit-codes.ts';
import { deployCommand } from './deploy/command.ts';
import { execCommand } from './exec/command.ts';
import { gcCommand } from './gc/command.ts';
import { generationsCommand } from './generations/command.ts';
import { planCommand } from './plan/command.ts';
import { rebootProofCommand } from './reboot-proof/command.ts';
import { rollbackCommand } from './rollback/command.ts';

/**
 * The command `nix-deploy`. What a command does is loaded when it runs: ssh and the config's schema take longer to load than
 * it takes to say how a command is used.
 */
export function createProgram(): Command {
  const program = new Command('nix-deploy')
    .description('NixOS deploys that cannot strand a host')
    .enablePositionalOptions()
    .addCommand(planCommand())
    .addCommand(deployCommand())
    .addCommand(rollbackCommand())
    .addCommand(generationsCommand())
    .addCommand(rebootProofCommand())
    .addCommand(gcCommand())
    .addCommand(execCommand())
    .addHelpText('after', exitCodeHelp());
  for (const word of actionsOfNixosRebuild) program.addCommand(insteadOf(word), { hidden: true });
  return program;
}

/** What users of nixos-rebuild type first; here they are what a deploy does at its end. */
const actionsOfNixosRebuild = ['switch', 'boot', 'test', 'dry-activate'] as const;

function insteadOf(word: (typeof actionsOfNixosRebuild)[number]): Command {
  const deploy = word === 'switch' ? 'nix-deploy deploy' : `nix-deploy deploy --action ${word}`;
  return new Command(word)
    .allowUnknownOption()
    .allowExcessArguments()
    .action(() => {
      throw new UsageError(`there is no command ${word}; that is: ${deploy} TARGET`);
    });
}
