import { processIo } from '@cutover/foundation/io';
import { runCommand } from '@cutover/foundation/run-command';
import type { CommandStreams, RunbookCommand } from './context.ts';
import { exitCodeOf, exitCodeTable } from './exit-codes.ts';

/** How a command line is run. */
export interface RunbookCommandOptions {
  /** The arguments after the command's name. Default: those of this process. */
  readonly argv?: readonly string[] | undefined;
  /** Where it writes. Default: this process's own streams. */
  readonly io?: CommandStreams | undefined;
  /** Whether a person can be asked. Default: whether standard input and output are terminals. */
  readonly interactive?: boolean | undefined;
}

/**
 * Runs the command line of a runbook: `doctor`, `plan`, `run`, `resume`, `status`, `approve`, `deny`, `cancel`,
 * `rollback`, `report`, `unlock`; `init`, `rehearse` and `attest` where the runbook has them; and a command for each of the runbook's own lists.
 *
 * @returns the exit code. End the process with it (`process.exit(await runbookCommand(…))`): a call of a step that did
 * not heed its signal must not go on once the run has ended.
 *
 * @example
 * process.exit(
 *   await runbookCommand({
 *     name: 'move-service',
 *     description: 'Move the guestbook from one host to another.',
 *     load: async () => runbook,
 *   }),
 * );
 */
export async function runbookCommand<World>(
  command: RunbookCommand<World>,
  options: RunbookCommandOptions = {},
): Promise<number> {
  const {
    argv = process.argv.slice(2),
    io = processIo,
    interactive = process.stdin.isTTY && process.stdout.isTTY,
  } = options;
  const table = exitCodeTable(command.exitCodes);
  // Importing the package loads no command line: a program around `startRun` needs none.
  const { createProgram } = await import('./create-program.ts');
  return runCommand(createProgram({ command, io, interactive }), {
    argv,
    io,
    exitCodeOf: (error) => exitCodeOf(error, table),
    ...(command.version === undefined ? {} : { version: command.version }),
  });
}
