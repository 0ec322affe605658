import { Command } from 'commander';
import { addControlCommands } from './control-commands.ts';
import { addGateCommands } from './gate-commands.ts';
import { addLookCommands } from './look-commands.ts';
import { addOwnershipCommands } from './ownership-commands.ts';
import { addPhaseCommands } from './phase-commands.ts';
import { addQuiesceCommand } from './quiesce-command.ts';
import { addUnitsCommand } from './units-command.ts';
import { addUpCommand } from './up-command.ts';

/**
 * The `loops` command. What a subcommand needs is loaded when it runs, so that `status` need not wait for what
 * only `up` needs.
 */
export function createProgram(): Command {
  const program = new Command('loops')
    .description('Agent loops under systemd and tmux that come back, hold still and hand over')
    .addHelpText(
      'after',
      '\nBegin with a loops.yaml:\n' +
        '  {rig: demo, workspace: ., loops: {one: {command: [my-agent]}}}\n' +
        'and then, in two terminals:\n' +
        '  loops up\n' +
        '  loops status --watch, loops attach one, loops logs one --follow, loops quiesce, loops down\n' +
        '\nExit codes: 0 ok, 1 failed, 2 wrong usage or config, 10 ended by down, 11 not the owner, 12 owner unknown,\n' +
        '13 not at a safe point, 14 no supervisor, 15 another supervisor, 16 refused, 130 and 143 interrupted,\n' +
        '141 whoever read the output went away.',
    );
  addUpCommand(program);
  addControlCommands(program);
  addQuiesceCommand(program);
  addLookCommands(program);
  addPhaseCommands(program);
  addGateCommands(program);
  addOwnershipCommands(program);
  addUnitsCommand(program);
  return program;
}
