import { Command } from 'commander';
import { addAnswerCommands } from './answer.ts';
import type { CommandContext } from './context.ts';
import { addDoctorCommand } from './doctor.ts';
import { addPlanCommand } from './plan.ts';
import { addReportCommand } from './report.ts';
import { addRunCommands } from './run.ts';
import { addStatusCommand } from './status.ts';
import { addUnlockCommand } from './unlock.ts';

const exitCodeHelp = `
Exit codes: 0 ok, 1 failed, 2 usage or config, 10 waiting at a gate, 11 locked,
12 drift or stale plan, 13 unsafe (unknown, conflict, damaged journal),
130 interrupted, 141 whoever read the output went away, 143 terminated.`;

/** The command `cutover`, for runbooks made by `context.load`. */
export function createProgram<World>(context: CommandContext<World>): Command {
  const program = new Command('cutover')
    .description(
      'Move a rig of autonomous agent loops to its own NixOS machine: plan, run, resume, roll back, report.',
    )
    .addHelpText('after', exitCodeHelp);
  addDoctorCommand(program, context);
  addPlanCommand(program, context);
  addRunCommands(program, context);
  addStatusCommand(program, context);
  addAnswerCommands(program, context);
  addReportCommand(program, context);
  addUnlockCommand(program, context);
  return program;
}
