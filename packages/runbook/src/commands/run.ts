import type { Command } from 'commander';
import { acceptPlan, decideRun, type RunCommand } from '../engine/decide-run.ts';
import { readState } from '../engine/engine.ts';
import { UsageError } from '../engine/errors.ts';
import { makePlan } from '../engine/plan.ts';
import type { Runbook } from '../engine/runbook.ts';
import { shortPlan } from '../progress/format.ts';
import { askYes } from './ask.ts';
import type { CommandContext } from './context.ts';
import { execute } from './execute.ts';
import { type CommonOptions, openState, statePath, withCommonOptions } from './options.ts';
import { planText } from './plan-text.ts';

interface RunFlags extends CommonOptions {
  readonly plan?: string;
  readonly yes?: boolean;
  readonly until?: string;
  readonly only?: string;
  readonly repair?: boolean;
}

const descriptions = {
  run: 'run the plan, or the rest of it; asks first',
  resume: 'go on where the last run stopped, with the plan that it ran',
  rollback: 'undo what was done; past the commit point C1, run the reverse cutover',
  'reboot-proof': 'reboot the new host and prove that everything comes back by itself',
} as const;

/** Adds `run`, `resume`, `rollback` and `reboot-proof`. */
export function addRunCommands<World>(program: Command, context: CommandContext<World>): void {
  for (const name of ['run', 'resume', 'rollback', 'reboot-proof'] as const) {
    const command = withCommonOptions(program.command(name).description(descriptions[name]));
    if (name === 'run') {
      command
        .option(
          '--plan <hash>',
          'run this plan (at least 8 digits of its hash), or nothing when it has changed',
        )
        .option('--until <step|phase>', 'stop after this step or phase (a, a-provision, …)')
        .option('--only <step>', 'this step alone');
    }
    if (name === 'run' || name === 'resume') {
      command.option('--repair', 'apply again what has drifted since it was verified');
    }
    if (name !== 'resume') command.option('--yes', 'do not ask');
    command.action(async (flags: RunFlags) => {
      await using runbook = await context.load(flags.config, statePath(flags));
      const plan = name === 'resume' ? undefined : await confirmRun(context, runbook, name, flags);
      await execute(context, runbook, flags, {
        command: name,
        ...(plan === undefined ? {} : { plan }),
        ...(flags.until === undefined ? {} : { until: flags.until }),
        ...(flags.only === undefined ? {} : { only: flags.only }),
        ...(flags.repair === undefined ? {} : { repair: flags.repair }),
      });
    });
  }
}

/** Nothing runs by default: the plan's hash, `--yes`, or a yes at the terminal. */
async function confirmRun<World>(
  { interactive, io }: CommandContext<World>,
  runbook: Runbook<World>,
  command: RunCommand,
  flags: RunFlags,
): Promise<string> {
  const directory = await openState(flags);
  const state = await readState(directory);
  const decision = decideRun(command, state);
  const plan = makePlan(runbook, decision.list, directory.key);
  acceptPlan(decision, plan, state, flags.plan ?? plan.hash);
  if (flags.plan !== undefined || flags.yes === true) return plan.hash;
  if (!interactive || flags.json === true) {
    const what =
      command === 'run' ? `--plan ${shortPlan(plan.hash)} (see \`cutover plan\`) or --yes` : '--yes';
    throw new UsageError(`nothing runs by default: without a terminal, say ${what}`);
  }
  io.stdout.write(`${planText(plan, state)}\n\n`);
  const question =
    command === 'run' ? 'Run this plan?' : decision.undo ? 'Undo what was done of it?' : `Run ${command}?`;
  if (!(await askYes(question))) throw new UsageError('nothing was run');
  return plan.hash;
}
