import { userInfo } from 'node:os';
import { write } from '@cutover/foundation/io';
import type { Command } from 'commander';
import { UsageError } from '../engine/errors.ts';
import { leaveCancelRequest } from '../gates/cancel.ts';
import { withdrawAnswer } from '../gates/withdraw.ts';
import { currentHolder } from '../journal/lock.ts';
import { readState } from '../journal/read-state.ts';
import type { CommandContext } from './context.ts';
import { type CommonOptions, findState, neededOptionsText, withCommonOptions } from './options.ts';

interface CancelFlags extends CommonOptions {
  readonly by?: string;
  readonly note?: string;
}

/** Adds `cancel`. */
export function addCancelCommand<World>(program: Command, { command, io }: CommandContext<World>): void {
  withCommonOptions(
    program
      .command('cancel')
      .argument('[gate]', 'take back the answer to this gate, as long as no step was started on it'),
    command,
  )
    .description('end the run under way, from any terminal: what runs ends, nothing new begins')
    .option('--by <name>', 'who cancels (default: the user)')
    .option('--note <text>', 'why; kept in the journal')
    .action(async (gate: string | undefined, flags: CancelFlags) => {
      const files = await findState(command, flags);
      const { by = userInfo().username, note } = flags;
      if (gate !== undefined) {
        const id = await withdrawAnswer(gate, files.answers, { by, note }, await readState(files));
        const text =
          flags.json === true
            ? JSON.stringify({ gate, by, receipt: { id, state: 'cancelled' } })
            : `taken back: the answer to the gate of ${gate} (${id.slice(0, 12)})`;
        return write(io.stdout, `${text}\n`);
      }
      const holder = await currentHolder(files);
      if (holder === undefined) throw new UsageError('nothing runs that could be cancelled');
      await leaveCancelRequest(files.answers, { by, note });
      const text =
        flags.json === true
          ? JSON.stringify({ cancelled: holder, by })
          : `pid ${holder.pid} on ${holder.host} is told to end; \`${command.name} resume${neededOptionsText(command, flags)}\` goes on from there`;
      await write(io.stdout, `${text}\n`);
    });
}
