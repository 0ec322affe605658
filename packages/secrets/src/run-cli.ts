import { runProcess } from '@cutover/foundation/run-process';
import { secretsExitCode } from './commands/exit-codes.ts';
import { createProgram } from './commands/program.ts';
import { fromSopsArguments } from './commands/sops-arguments.ts';

/** Runs the command as what this process is for. */
export async function runCli(given: readonly string[], version: string): Promise<void> {
  const argv = fromSopsArguments(given);
  runProcess(await createProgram(argv), { argv, exitCodeOf: secretsExitCode, version });
}
