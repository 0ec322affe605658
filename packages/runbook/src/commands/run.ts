import type { Command } from 'commander';
import { acceptPlan, decideRun, type RunRequest } from '../engine/decide-run.ts';
import { mainList } from '../engine/lists.ts';
import type { JournalState } from '../journal/state.ts';
import { readState } from '../journal/read-state.ts';
import { UsageError } from '../engine/errors.ts';
import { makePlan } from '../engine/plan.ts';
import { isCommitted } from '../engine/take-claim.ts';
import type { Runbook } from '../engine/runbook.ts';
import { shortPlan } from '../progress/format.ts';
import { askYes } from './ask.ts';
import type { CommandContext } from './context.ts';
import { execute } from './execute.ts';
import { openRunbook } from './open-runbook.ts';
import { type CommonOptions, findState, openState, withCommonOptions } from './options.ts';
import { planText } from './plan-text.ts';
import { acceptSavedPlan, isSavedPlan } from './saved-plan.ts';

/** Milliseconds that the world may take to say whether the commit point is passed. */
const patience = 60_000;

interface RunFlags extends CommonOptions {
  readonly plan?: string;
  readonly yes?: boolean;
  readonly from?: string;
  readonly until?: string;
  readonly only?: string;
  readonly repair?: boolean;
  readonly forward?: boolean;
}

const descriptions = {
  run: 'run the plan, or the rest of it; asks first',
  resume: 'go on where the last run stopped, with the plan that it ran',
  rollback: 'undo what was done; past the commit point C1, move back in the other direction',
} as const;

/** Adds `run`, `resume` and `rollback`, and a command for each of the runbook's own lists. */
export function addRunCommands<World>(program: Command, context: CommandContext<World>): void {
  for (const name of ['run', 'resume', 'rollback'] as const) {
    const command = withCommonOptions(program.command(name), context.command).description(descriptions[name]);
    if (name === 'run') {
      command
        .option(
          '--plan <hash|file>',
          'run this plan (at least 8 digits of its hash, or what `plan --save` wrote), or nothing when it has changed',
        )
        .option('--forward', 'give up a rollback that cannot be completed, and go forward again');
    }
    if (name === 'run' || name === 'resume') {
      const kept = name === 'resume' ? '; default: as the last run was told' : '';
      command
        .option('--from <step|phase>', `begin at this step or phase; all before it must be done${kept}`)
        .option(
          '--until <step|phase>',
          `stop after this step or phase (the beginning of its id will do)${kept}`,
        )
        .option('--only <step>', `this step alone${kept}`)
        .option('--repair', 'apply again what has drifted since it was verified');
    }
    command.option(
      '--yes',
      name === 'resume' ? 'no effect: resume asks nothing before it goes on' : 'do not ask',
    );
    command.action((flags: RunFlags) =>
      confirmAndRun(context, { command: name, forward: flags.forward }, flags),
    );
  }
  for (const [list, description] of Object.entries(context.command.lists ?? {})) {
    withCommonOptions(program.command(list), context.command)
      .description(description)
      .option('--yes', 'do not ask')
      .action((flags: RunFlags) => confirmAndRun(context, { command: 'run', list }, flags));
  }
}

async function confirmAndRun<World>(
  context: CommandContext<World>,
  request: RunRequest,
  flags: RunFlags,
): Promise<void> {
  // What goes on or back needs where it came from; a mistyped directory is not made.
  if (request.command !== 'run') await findState(context.command, flags);
  await using open = await openRunbook(context.command, flags);
  const { runbook } = open;
  const plan = request.command === 'resume' ? undefined : await confirmRun(context, runbook, request, flags);
  const { from, until, only, repair } = flags;
  await execute(context, runbook, flags, { ...request, plan, from, until, only, repair });
}

/** Nothing runs by default: the plan's hash, `--yes`, or a yes at the terminal. */
async function confirmRun<World>(
  { command: { name }, interactive, io }: CommandContext<World>,
  runbook: Runbook<World>,
  request: RunRequest,
  flags: RunFlags,
): Promise<string> {
  const directory = await openState({ name }, flags);
  const state = await readState(directory);
  const planned = request.command === 'run' && request.list === undefined;
  const committed = await isCommitted(runbook, request, state, AbortSignal.timeout(patience));
  const decision = decideRun(request, state, committed);
  const plan = makePlan(runbook, decision.list, directory.key);
  const reviewed = await reviewedPlan(runbook, state, flags);
  acceptPlan(decision, plan, state, reviewed ?? plan.hash);
  if (flags.plan !== undefined || flags.yes === true) return plan.hash;
  if (!interactive || flags.json === true) {
    const what = planned ? `--plan ${shortPlan(plan.hash)} (see \`${name} plan\`) or --yes` : '--yes';
    throw new UsageError(`nothing runs by default: without a terminal, say ${what}`);
  }
  io.stdout.write(`${planText(plan, runbook, state)}\n\n`);
  const question = decision.undo
    ? 'Undo what was done of it?'
    : planned
      ? 'Run this plan?'
      : `Run ${request.list ?? request.command}?`;
  if (!(await askYes(question))) throw new UsageError('nothing was run');
  return plan.hash;
}

/** The hash of the plan that was reviewed. @throws {WorldMovedError} it was saved, and the world has moved since. */
async function reviewedPlan<World>(
  runbook: Runbook<World>,
  { lists }: JournalState,
  { plan }: RunFlags,
): Promise<string | undefined> {
  if (plan === undefined || !isSavedPlan(plan)) return plan;
  const begun = [...(lists.get(mainList)?.steps.values() ?? [])].some((step) => step.begun !== undefined);
  return acceptSavedPlan(plan, runbook, begun, AbortSignal.timeout(patience));
}
