import { write } from '@cutover/foundation/io';
import type { Command } from 'commander';
import { unlock } from '../journal/lock.ts';
import type { CommandContext } from './context.ts';
import { type CommonOptions, openState, withCommonOptions } from './options.ts';

/** Adds `unlock`. */
export function addUnlockCommand<World>(program: Command, { command, io }: CommandContext<World>): void {
  withCommonOptions(
    program
      .command('unlock')
      .description('forget a runner that is proven dead; refuses when it may be alive'),
    command,
  ).action(async (options: CommonOptions) => {
    const result = await unlock(await openState(command, options));
    const text =
      options.json === true
        ? JSON.stringify(result)
        : result.unlocked
          ? `unlocked: pid ${result.holder.pid} on ${result.holder.host} is dead`
          : 'it was not locked';
    await write(io.stdout, `${text}\n`);
  });
}
