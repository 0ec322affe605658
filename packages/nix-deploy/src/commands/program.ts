import { Command } from 'commander';

import { deployExitCodes } from '../exit-codes.ts';
import { deployCommand } from './deploy-command.ts';
import { gcCommand, generationsCommand, rebootProofCommand, rollbackCommand } from './history-commands.ts';
import { planCommand } from './plan-command.ts';

/** The command `nix-deploy`. */
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
