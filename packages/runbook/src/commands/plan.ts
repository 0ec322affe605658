import { write } from '@cutover/foundation/io';
import type { Command } from 'commander';
import { readState } from '../engine/engine.ts';
import { makePlan } from '../engine/plan.ts';
import { shortPlan } from '../progress/format.ts';
import type { CommandContext } from './context.ts';
import { type CommonOptions, openState, optionsText, statePath, withCommonOptions } from './options.ts';
import { planText } from './plan-text.ts';

/** Adds `plan`. */
export function addPlanCommand<World>(program: Command, { load, io }: CommandContext<World>): void {
  withCommonOptions(
    program.command('plan').description('show what would run, and its hash; changes nothing'),
  ).action(async (options: CommonOptions) => {
    await using runbook = await load(options.config, statePath(options));
    const directory = await openState(options);
    const plan = makePlan(runbook, 'cutover', directory.key);
    const text =
      options.json === true
        ? JSON.stringify(plan)
        : `${planText(plan, await readState(directory))}\nrun it: cutover run ${optionsText(options)} --plan ${shortPlan(plan.hash)}`;
    await write(io.stdout, `${text}\n`);
  });
}
