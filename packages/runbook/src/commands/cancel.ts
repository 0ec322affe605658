import { userInfo } from 'node:os';
import { write } from '@cutover/foundation/io';
import type { Command } from 'commander';
import { UsageError } from '../engine/errors.ts';
import { leaveCancelRequest } from '../gates/cancel.ts';
import { currentHolder } from '../journal/lock.ts';
import type { CommandContext } from './context.ts';
import { type CommonOptions, openState, withCommonOptions } from './options.ts';

interface CancelFlags extends CommonOptions {
  readonly by?: string;
  readonly note?: string;
}

/** Adds `cancel`. */
export function addCancelCommand<World>(program: Command, { command, io }: CommandContext<World>): void {
  withCommonOptions(program.command('cancel'), command)
    .description('end the run under way, from any terminal: what runs ends, nothing new begins')
    .option('--by <name>', 'who cancels (default: the user)')
    .option('--note <text>', 'why; kept in the journal')
    .action(async (flags: CancelFlags) => {
      const directory = await openState(command, flags);
      const holder = await currentHolder(directory);
      if (holder === undefined) throw new UsageError('nothing runs that could be cancelled');
      const { by = userInfo().username, note } = flags;
      await leaveCancelRequest(directory.answers, { by, note });
      const text =
        flags.json === true
          ? JSON.stringify({ cancelled: holder, by })
          : `pid ${holder.pid} on ${holder.host} is told to end; \`${command.name} resume\` goes on from there`;
      await write(io.stdout, `${text}\n`);
    });
}
