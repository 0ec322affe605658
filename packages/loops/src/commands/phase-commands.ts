import { UsageError } from '@cutover/foundation/usage-error';
import type { Command } from 'commander';
import type { RigConfig } from '../config/rig-config.ts';
import { type CommonOptions, print, withCommonOptions } from './common.ts';
import { ask } from './control-commands.ts';

/** `loops phase show | advance | set`. */
export function addPhaseCommands(program: Command): void {
  const phase = program.command('phase').description('the plan phase the rig is in');
  withCommonOptions(phase.command('show', { isDefault: true }))
    .description('which plan phase it is, and what passed the ones before')
    .action(async (options: CommonOptions) => {
      const [{ loadRigConfig }, { readState }, { initialState, planNames }] = await Promise.all([
        import('../config/load-rig-config.ts'),
        import('../state/state-store.ts'),
        import('../state/initial-state.ts'),
      ]);
      const config = await loadRigConfig(options.config);
      const state = (await readState(config.stateDir)) ?? (await initialState(config));
      const plans = planNames(config);
      const plan = plans[state.phaseIndex];
      const shown = {
        index: state.phaseIndex,
        total: plans.length,
        plan,
        passed: state.passed,
      };
      await print(
        options,
        shown,
        `phase ${state.phaseIndex} of ${plans.length}${plan === undefined ? ': all passed' : `: ${plan}`}`,
      );
    });
  withCommonOptions(phase.command('advance'))
    .requiredOption('--from <index>', 'the plan phase that is done; it is left exactly once')
    .option('--without-verdict <reason>', 'advance without a verdict, for this reason')
    .description('go to the next plan phase; the verdict on the claim must be a pass')
    .action(async (options: CommonOptions & { from: string; withoutVerdict?: string }) => {
      const from = indexOf(options.from);
      const [{ loadRigConfig }, { passedCommit }] = await Promise.all([
        import('../config/load-rig-config.ts'),
        import('./gate-commands.ts'),
      ]);
      const config = await loadRigConfig(options.config);
      if (options.withoutVerdict !== undefined) await requireOutsiderOf(config);
      const passed =
        options.withoutVerdict === undefined
          ? { sha: await passedCommit(config, from), reason: 'the verdict is a pass' }
          : { reason: options.withoutVerdict };
      await print(options, await ask(options, 'phase.advance', { from, ...passed }), `phase ${from + 1}`);
    });
  withCommonOptions(phase.command('set'))
    .argument('<index>', 'the plan phase, counted from 0')
    .requiredOption('--reason <text>', 'the reason, kept in the history')
    .description('set the plan phase by hand, and accept the plan list as it is')
    .action(async (index: string, options: CommonOptions & { reason: string }) => {
      const { loadRigConfig } = await import('../config/load-rig-config.ts');
      await requireOutsiderOf(await loadRigConfig(options.config));
      await print(
        options,
        await ask(options, 'phase.set', { index: indexOf(index), reason: options.reason }),
        `phase ${index}`,
      );
    });
}

async function requireOutsiderOf(config: RigConfig): Promise<void> {
  const { requireOutsider } = await import('../rig/speaking-loop.ts');
  await requireOutsider(config);
}

function indexOf(text: string): number {
  if (!/^\d+$/.test(text))
    throw new UsageError(`${text} is not a plan phase; a plan phase is a whole number from 0`);
  return Number(text);
}
