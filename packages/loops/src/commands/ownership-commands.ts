import { userInfo } from 'node:os';
import { withInterrupts } from '@cutover/foundation/interrupts';
import { UsageError } from '@cutover/foundation/usage-error';
import type { Command } from 'commander';
import { askRig } from '../control/ask-rig.ts';
import { LoopsError } from '../errors.ts';
import { loopsExitCodes } from '../exit-codes.ts';
import { type CommonOptions, print, withCommonOptions } from './common.ts';

/** `loops ownership check | expect | show | release | grant`. */
export function addOwnershipCommands(program: Command): void {
  const ownership = program.command('ownership').description('which host may run the loops');
  addCheck(ownership);
  addExpect(ownership);
  withCommonOptions(ownership.command('show'))
    .description('who owns the loops')
    .action(async (options: CommonOptions) => {
      const { read, describeOwnership } = await ownershipOf(options);
      const found = await withInterrupts(read);
      await print(options, found ?? null, describeOwnership(found));
    });
  withCommonOptions(ownership.command('release'))
    .description('first half of a move: no host may start a loop from here on')
    .action(async (options: CommonOptions) => {
      const { read, place, host, releaseOwnership, describeOwnership } = await ownershipOf(options);
      const released = await withInterrupts(async (signal) =>
        releaseOwnership(host, { ...place, expected: await read(signal), run: person(), signal }),
      );
      await print(options, released, describeOwnership(released));
    });
  withCommonOptions(ownership.command('grant'))
    .requiredOption('--to <host>', 'who may run the loops')
    .option('--lease <duration>', 'how long it may go on after a confirmation; default 10m')
    .option('--stopped <host>', 'the last owner, which you have seen stopped')
    .description('second half of a move: one host may run the loops')
    .action(async (options: CommonOptions & { to: string; lease?: string; stopped?: string }) => {
      const { read, place, host, grantOwnership, describeOwnership, parseDuration } =
        await ownershipOf(options);
      const lease =
        options.lease === undefined ? undefined : leaseOf(options.lease, parseDuration(options.lease));
      const granted = await withInterrupts(async (signal) => {
        const expected = await read(signal);
        if (expected?.state === 'held')
          throw new UsageError(`the loops are ${describeOwnership(expected)}; release them first`);
        if (expected?.from !== undefined && expected.from !== options.to && expected.from !== options.stopped)
          throw new UsageError(
            `${expected.from} held the loops last: look that nothing of the rig runs there, revoke its key, then say --stopped ${expected.from}`,
          );
        return grantOwnership(host, { ...place, expected, to: options.to, run: person(), lease, signal });
      });
      await print(options, granted, describeOwnership(granted));
    });
}

function addCheck(ownership: Command): void {
  withCommonOptions(ownership.command('check', { isDefault: true }))
    .description(
      'exit 0 when this host owns the loops, 11 when not, 12 when that is unknown; fit for ExecCondition. A supervisor that runs asks at once',
    )
    .action(async (options: CommonOptions) => {
      const [{ loadRigConfig }, { viewOwnership }] = await Promise.all([
        import('../config/load-rig-config.ts'),
        import('../ownership/view-ownership.ts'),
      ]);
      const config = await loadRigConfig(options.config);
      const view = await withInterrupts(async (signal) => {
        const [seen] = await Promise.all([viewOwnership(config, signal), tellSupervisor(options, signal)]);
        return seen;
      });
      await print(options, view, 'detail' in view ? view.detail : view.state);
      if (view.state === 'not-owner' || view.state === 'ownership-released')
        process.exitCode = loopsExitCodes.notOwner;
      else if (view.state !== 'owner' && view.state !== 'unconfigured')
        process.exitCode = loopsExitCodes.ownershipUnknown;
    });
}

function addExpect(ownership: Command): void {
  withCommonOptions(ownership.command('expect'))
    .option('--for <duration>', 'how long to ask; default 30s, at most 10m')
    .description(
      'have the supervisor ask several times a second, until this host owns the loops: a grant is about to be written',
    )
    .action(async (options: CommonOptions & { for?: string }) => {
      const { parseDuration } = await import('@cutover/foundation/duration');
      const text = options.for ?? '30s';
      const expectMs = parseDuration(text);
      if (expectMs === undefined || expectMs > 600_000)
        throw new UsageError(`--for ${text}: must be a duration of at most 10m`);
      const status = await withInterrupts(async (signal) =>
        askRig(options.config, 'ownership', { expectMs }, { signal }),
      );
      await print(options, status.ownership ?? null, `asking for ${text}, or until this host owns the loops`);
    });
}

async function tellSupervisor({ config }: CommonOptions, signal: AbortSignal): Promise<void> {
  try {
    await askRig(config, 'ownership', {}, { signal });
  } catch (error) {
    if (!(error instanceof LoopsError && error.code === 'SUPERVISOR_ABSENT')) throw error;
  }
}

function leaseOf(text: string, lease: number | undefined): number {
  if (lease === undefined || lease === 0)
    throw new UsageError(`--lease ${text}: must be a duration such as 10m`);
  return lease;
}

function person(): string {
  return `${userInfo().username}, by hand`;
}

async function ownershipOf(options: CommonOptions) {
  const [
    { loadRigConfig },
    { ownershipPlace, seenEpochFile },
    { readSeenEpoch },
    moves,
    document,
    { thisHost },
    { parseDuration },
  ] = await Promise.all([
    import('../config/load-rig-config.ts'),
    import('../ownership/view-ownership.ts'),
    import('../ownership/memory.ts'),
    import('../ownership/move-ownership.ts'),
    import('../ownership/document.ts'),
    import('./this-host.ts'),
    import('@cutover/foundation/duration'),
  ]);
  const config = await loadRigConfig(options.config);
  const place = ownershipPlace(config);
  if (place === undefined)
    throw new UsageError(`${options.config} has no ownership; add ownership: {remote, owner} to it`);
  const host = thisHost();
  const seen = (await readSeenEpoch(seenEpochFile(config)))?.epoch;
  const read = async (signal: AbortSignal) => moves.readOwnership(host, { ...place, signal });
  return { ...moves, ...document, parseDuration, place: { ...place, seen }, host, read };
}
