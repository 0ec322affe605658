import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { SecretsError } from '../../errors.ts';

/**
 * Runs a command to its end, on this process's own terminal and streams, and gives its exit code; 128 and the number of a
 * signal that ended it. Signals to this process are handed on. One word alone is a command line of the shell, as for sops.
 */
export async function runChild(command: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const [first = '', ...args] = command;
  const argv = args.length === 0 ? (['/bin/sh', '-c', first] as const) : ([first, ...args] as const);
  const child = spawn(argv[0], argv.slice(1), { stdio: 'inherit', env });
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  const signals = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const;
  for (const signal of signals) process.on(signal, pass);
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
  } catch (cause) {
    throw new SecretsError('COMMAND_FAILED', `the command ${first} could not be started`, {}, { cause });
  } finally {
    for (const signal of signals) process.off(signal, pass);
  }
}
