import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { SecretsError } from '../../errors.ts';

/**
 * Runs a command to its end, on this process's own terminal and streams, and gives its exit code; 128 and the number of a
 * signal that ended it. Signals to this process are handed on. One word alone is a command line of the shell, as for sops.
 */
export async function runChild(command: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  // `--` before a command is habit, and there is none of that name.
  const [first = '', ...args] = command[0] === '--' ? command.slice(1) : command;
  const argv = args.length === 0 ? (['/bin/sh', '-c', first] as const) : ([first, ...args] as const);
  let child: ChildProcess | undefined;
  const pass = (signal: NodeJS.Signals): void => void child?.kill(signal);
  const signals = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const;
  // Before it runs, since a signal may come as soon as it does.
  for (const signal of signals) process.on(signal, pass);
  try {
    child = spawn(argv[0], argv.slice(1), { stdio: 'inherit', env });
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
  } catch (cause) {
    throw new SecretsError('COMMAND_FAILED', `the command ${first} could not be started`, {}, { cause });
  } finally {
    for (const signal of signals) process.off(signal, pass);
  }
}
