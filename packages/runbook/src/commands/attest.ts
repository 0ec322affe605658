import { withInterrupts } from '@cutover/foundation/interrupts';
import { write } from '@cutover/foundation/io';
import { type Command, Option } from 'commander';
import { attest } from '../engine/attest.ts';
import type { Attestations, CommandContext } from './context.ts';
import { openRunbook } from './open-runbook.ts';
import { type CommonOptions, findState, optionsText, statePath, withCommonOptions } from './options.ts';

interface AttestFlags extends CommonOptions {
  readonly how: string;
  readonly by: string;
}

/** Adds `attest`, where the runbook takes a person's word. */
export function addAttestCommand<World>(
  program: Command,
  { command, io }: CommandContext<World>,
  { subject, hows, description }: Attestations,
): void {
  withCommonOptions(program.command('attest').argument(`<${subject}>`, 'its name, typed in full'), command)
    .description(description)
    .addOption(new Option('--how <words>', 'how you know').choices([...hows]).makeOptionMandatory())
    .requiredOption('--by <name>', 'your name: it stands in the journal')
    .action(async (about: string, flags: AttestFlags) => {
      // A mistyped directory is told before anything else.
      await findState(command, flags);
      await using open = await openRunbook(command, flags);
      const { how, by } = flags;
      const attested = await withInterrupts((signal) =>
        attest(open.runbook, statePath(command, flags), { subject: about, how, by }, signal),
      );
      const text =
        flags.json === true
          ? JSON.stringify(attested)
          : `written down: ${by} attests for ${about}: ${how}\ngo on: ${command.name} resume ${optionsText(flags)}`;
      await write(io.stdout, `${text}\n`);
    });
}
