import { Command } from 'commander';
import { addAnswerCommands } from './answer.ts';
import { addAttestCommand } from './attest.ts';
import { addCancelCommand } from './cancel.ts';
import { addDoctorCommand } from './doctor.ts';
import { addInitCommand } from './init.ts';
import { addPlanCommand } from './plan.ts';
import { addRehearseCommand } from './rehearse.ts';
import { addReportCommand } from './report.ts';
import { addRunCommands } from './run.ts';
import { addStatusCommand } from './status.ts';
import { addUnlockCommand } from './unlock.ts';
import type { CommandContext } from './context.ts';
import { exitCodeHelp, exitCodeTable } from './exit-codes.ts';

/** The command line of a runbook: its commands, and its help. */
export function createProgram<World>(context: CommandContext<World>): Command {
  const { name, description, exitCodes } = context.command;
  const program = new Command(name)
    .description(description)
    .addHelpText('after', exitCodeHelp(exitCodeTable(exitCodes)));
  if (context.command.setup !== undefined) addInitCommand(program, context, context.command.setup);
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
