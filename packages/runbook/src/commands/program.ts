import { processIo } from '@cutover/foundation/io';
import { runCommand } from '@cutover/foundation/run-command';
import { Command } from 'commander';
import { addAnswerCommands } from './answer.ts';
import { addAttestCommand } from './attest.ts';
import { addCancelCommand } from './cancel.ts';
import type { CommandContext, CommandStreams, RunbookCommand } from './context.ts';
import { addDoctorCommand } from './doctor.ts';
import { exitCodeHelp, exitCodeOf, exitCodeTable } from './exit-codes.ts';
import { addPlanCommand } from './plan.ts';
import { addRehearseCommand } from './rehearse.ts';
import { addReportCommand } from './report.ts';
import { addRunCommands } from './run.ts';
import { addStatusCommand } from './status.ts';
import { addUnlockCommand } from './unlock.ts';

/** How a command line is run. */
export interface RunbookCommandOptions {
  /** The arguments after the command's name. Default: those of this process. */
  readonly argv?: readonly string[] | undefined;
  /** Where it writes. Default: this process's own streams. */
  readonly io?: CommandStreams | undefined;
  /** Whether a person can be asked. Default: whether standard input and output are terminals. */
  readonly interactive?: boolean | undefined;
}

/**
 * Runs the command line of a runbook: `doctor`, `plan`, `run`, `resume`, `status`, `approve`, `deny`, `cancel`,
 * `rollback`, `report`, `unlock`, `attest` where the runbook takes one, and a command for each of the runbook's own lists.
 *
 * @returns the exit code. End the process with it (`process.exit(await runbookCommand(…))`): a call of a step that did
 * not heed its signal must not go on once the run has ended.
 */
export async function runbookCommand<World>(
  command: RunbookCommand<World>,
  options: RunbookCommandOptions = {},
): Promise<number> {
  const {
    argv = process.argv.slice(2),
    io = processIo,
    interactive = process.stdin.isTTY && process.stdout.isTTY,
  } = options;
  const table = exitCodeTable(command.exitCodes);
  return runCommand(createProgram({ command, io, interactive }), {
    argv,
    io,
    exitCodeOf: (error) => exitCodeOf(error, table),
    ...(command.version === undefined ? {} : { version: command.version }),
  });
}

function createProgram<World>(context: CommandContext<World>): Command {
  const { name, description, exitCodes } = context.command;
  const program = new Command(name)
    .description(description)
    .addHelpText('after', exitCodeHelp(exitCodeTable(exitCodes)));
  addDoctorCommand(program, context);
  addPlanCommand(program, context);
  addRehearseCommand(program, context);
  addRunCommands(program, context);
  addStatusCommand(program, context);
  addAnswerCommands(program, context);
  addCancelCommand(program, context);
  addReportCommand(program, context);
  addUnlockCommand(program, context);
  if (context.command.attests !== undefined) addAttestCommand(program, context, context.command.attests);
  return program;
}
