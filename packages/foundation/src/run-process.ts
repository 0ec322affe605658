import type { Command } from 'commander';
import { exitCodes } from './exit-codes.ts';
import { runCommand, type RunCommandOptions } from './run-command.ts';

/**
 * Runs a command as what this process is for: its exit code becomes that of the process. Nothing waits for it at a module's
 * top level, which CommonJS does not have; a command that has not ended when nothing is left to wait for has failed.
 */
export function runProcess(program: Command, options: RunCommandOptions = {}): void {
  const unfinished = (): void => void (process.exitCode ??= exitCodes.failed);
  process.once('exit', unfinished);
  void runCommand(program, options).then((code) => {
    process.off('exit', unfinished);
    process.exitCode = code;
  });
}
