import { withInterrupts } from '@cutover/foundation/interrupts';
import { UsageError } from '@cutover/foundation/usage-error';
import type { Command } from 'commander';
import { loopsExitCodes } from '../exit-codes.ts';
import { type CommonOptions, print, withCommonOptions } from './common.ts';

/** `loops ownership show | check | claim`. */
export function addOwnershipCommands(program: Command): void {
  const ownership = program.command('ownership').description('which host may run the loops');
  withCommonOptions(ownership.command('check', { isDefault: true }))
    .description(
      'exit 0 when this host owns the loops, 11 when not, 12 when that is unknown; fit for ExecCondition',
    )
    .action(async (options: CommonOptions) => {
      const [{ loadRigConfig }, { viewOwnership }] = await Promise.all([
        import('../config/load-rig-config.ts'),
        import('../ownership/view-ownership.ts'),
      ]);
      const config = await loadRigConfig(options.config);
      const view = await withInterrupts((signal) => viewOwnership(config, signal));
      await print(options, view, 'detail' in view ? view.detail : view.state);
      if (view.state === 'not-owner') process.exitCode = loopsExitCodes.notOwner;
      if (view.state === 'ownership-unknown') process.exitCode = loopsExitCodes.ownershipUnknown;
    });
  withCommonOptions(ownership.command('show'))
    .description('show the owner of the loops')
    .action(async (options: CommonOptions) => {
      const { host, place } = await placeOf(options);
      const { readOwnership } = await import('../ownership/ownership.ts');
      const found = await withInterrupts((signal) => readOwnership(host, { ...place, signal }));
      await print(
        options,
        found ?? null,
        found === undefined ? 'no owner' : `${found.owner} at epoch ${found.epoch}`,
      );
    });
  withCommonOptions(ownership.command('claim'))
    .requiredOption('--to <owner>', 'the new owner')
    .option('--from <owner@epoch>', 'the present owner (default: none)')
    .description('move the ownership by compare-and-swap')
    .action(async (options: CommonOptions & { to: string; from?: string }) => {
      const { host, place } = await placeOf(options);
      const { claimOwnership } = await import('../ownership/ownership.ts');
      const from = options.from === undefined ? undefined : parseOwner(options.from);
      const claimed = await withInterrupts((signal) =>
        claimOwnership(host, { ...place, from, to: options.to, signal }),
      );
      await print(options, claimed, `${claimed.owner} at epoch ${claimed.epoch}`);
    });
}

function parseOwner(text: string): { owner: string; epoch: number } {
  const [, owner, epoch] = /^(.+)@(\d+)$/.exec(text) ?? [];
  if (owner === undefined) throw new UsageError(`${text} is not OWNER@EPOCH`);
  return { owner, epoch: Number(epoch) };
}

async function placeOf(options: CommonOptions) {
  const [{ loadRigConfig }, { ownershipPlace }, { thisHost }] = await Promise.all([
    import('../config/load-rig-config.ts'),
    import('../ownership/view-ownership.ts'),
    import('./this-host.ts'),
  ]);
  const place = ownershipPlace(await loadRigConfig(options.config));
  if (place === undefined)
    throw new UsageError(`${options.config} has no ownership; add ownership: {remote, owner} to it`);
  return { place, host: thisHost() };
}
