import type { Command } from 'commander';
import { type CommandIo, write } from './io.ts';

/** Adds `completion SHELL` to a command that has subcommands. */
export function addCompletion(program: Command, io: CommandIo): void {
  const shell = program
    .createArgument('<shell>', 'the shell; the first lines say where to put it')
    .choices(['bash', 'zsh', 'fish']);
  program
    .command('completion')
    .description('print what completes this command in a shell')
    .addArgument(shell)
    .action(async (name: 'bash' | 'zsh' | 'fish') => {
      const { completionScript } = await import('./completion-script.ts');
      await write(io.stdout, completionScript(program, name));
    });
}
