import { withInterrupts } from '@cutover/foundation/interrupts';
import { write } from '@cutover/foundation/io';
import type { Command } from 'commander';
import { readState } from '../journal/read-state.ts';
import { mainList } from '../engine/lists.ts';
import { makePlan } from '../engine/plan.ts';
import { lastRehearsal } from '../rehearsal/result.ts';
import { shortPlan } from '../progress/format.ts';
import type { CommandContext } from './context.ts';
import { openRunbook } from './open-runbook.ts';
import { type CommonOptions, openState, optionsText, quoted, withCommonOptions } from './options.ts';
import { planText } from './plan-text.ts';
import { planFile, savePlan } from './saved-plan.ts';

interface PlanFlags extends CommonOptions {
  readonly save?: string;
  readonly look?: true;
}

/** Adds `plan`. */
export function addPlanCommand<World>(program: Command, { command, io }: CommandContext<World>): void {
  withCommonOptions(
    program.command('plan').description('show what would run, and its hash; changes nothing'),
    command,
  )
    .option(
      '--save <file>',
      'keep it with what the world is now; `run --plan FILE` refuses it when either changed',
    )
    .option('--look', 'say what the world is now, too: the machines are asked')
    .action(async (options: PlanFlags) => {
      await using open = await openRunbook(command, options);
      const { runbook } = open;
      const directory = await openState(command, options);
      const plan = makePlan(runbook, mainList, directory.key);
      const { save, look } = options;
      const looks = save !== undefined || look === true;
      const world = looks ? ((await withInterrupts(async (signal) => runbook.standsOn?.(signal))) ?? {}) : {};
      if (save !== undefined) await savePlan(save, plan, world);
      const reviewed = save === undefined ? shortPlan(plan.hash) : quoted(planFile(save));
      const text =
        options.json === true
          ? JSON.stringify({ ...plan, caveats: runbook.caveats ?? [], ...(looks ? { world } : {}) })
          : `${planText(plan, runbook, await readState(directory), await lastTimes(directory.path), world)}\nrun it: ${command.name} run ${optionsText(options)} --plan ${reviewed}`;
      await write(io.stdout, `${text}\n`);
    });
}

/** Milliseconds that each step took in the last rehearsal. */
async function lastTimes(statePath: string): Promise<Readonly<Record<string, number>>> {
  return (await lastRehearsal(statePath))?.steps ?? {};
}
