import { textTable } from '@cutover/foundation/text-table';
import { Command } from 'commander';
import { exitCodeMeanings } from '../exit-codes.ts';
import { addAgentCommands } from './agent-commands.ts';
import { addControlCommands } from './control-commands.ts';
import { addGateCommands } from './gate-commands.ts';
import { addLookCommands } from './look-commands.ts';
import { addOwnershipCommands } from './ownership-commands.ts';
import { addPhaseCommands } from './phase-commands.ts';
import { addQuiesceCommand } from './quiesce-command.ts';
import { addReloadCommand } from './reload-command.ts';
import { addUnitsCommand } from './units-command.ts';
import { addUpCommand } from './up-command.ts';

const moreHelp = `
To begin, write a loops.yaml:
  {rig: demo, workspace: ., loops: {one: {command: [my-agent]}}}
and then, in two terminals:
  loops up
  loops status --watch, loops attach one, loops logs one --follow, loops reload, loops quiesce, loops down

Exit codes:
${textTable(
  exitCodeMeanings.map(([code, meaning]) => [String(code), meaning]),
  { right: [0] },
)
  .map((line) => `  ${line}`)
  .join('\n')}`;

/**
 * The `loops` command. What a subcommand needs is loaded when it runs, so that `status` need not wait for what
 * only `up` needs.
 */
export function createProgram(): Command {
  const program = new Command('loops')
    .description('Keep agent programs running in tmux, and stop them where no work is lost')
    .addHelpText('after', moreHelp)
    .option('-c, --config <file>', 'config file of the rig, also after the subcommand')
    .enablePositionalOptions()
    .hook('preAction', (main, command) => {
      const config: unknown = main.opts()['config'];
      if (config !== undefined && command.getOptionValueSource('config') === 'default')
        command.setOptionValue('config', config);
    });
  addUpCommand(program);
  addControlCommands(program);
  addReloadCommand(program);
  addQuiesceCommand(program);
  addLookCommands(program);
  addPhaseCommands(program);
  addAgentCommands(program);
  addGateCommands(program);
  addOwnershipCommands(program);
  addUnitsCommand(program);
  return program;
}
