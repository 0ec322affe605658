import { write } from '@cutover/foundation/io';
import type { Command } from 'commander';
import { readState } from '../journal/read-state.ts';
import { mainList } from '../engine/lists.ts';
import { makePlan } from '../engine/plan.ts';
import { shortPlan } from '../progress/format.ts';
import type { CommandContext } from './context.ts';
import { openRunbook } from './open-runbook.ts';
import { type CommonOptions, openState, optionsText, withCommonOptions } from './options.ts';
import { planText } from './plan-text.ts';

/** Adds `plan`. */
export function addPlanCommand<World>(program: Command, { command, io }: CommandContext<World>): void {
  withCommonOptions(
    program.command('plan').description('show what would run, and its hash; changes nothing'),
    command,
  ).action(async (options: CommonOptions) => {
    await using open = await openRunbook(command, options);
    const { runbook } = open;
    const directory = await openState(command, options);
    const plan = makePlan(runbook, mainList, directory.key);
    const text =
      options.json === true
        ? JSON.stringify({ ...plan, caveats: runbook.caveats ?? [] })
        : `${planText(plan, runbook, await readState(directory))}\nrun it: ${command.name} run ${optionsText(options)} --plan ${shortPlan(plan.hash)}`;
    await write(io.stdout, `${text}\n`);
  });
}
