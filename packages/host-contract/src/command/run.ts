import { untilAborted } from '@cutover/foundation/until-aborted';

import { CommandError, OutputLimitError } from '../errors.ts';
import type { CommandExit, RunOptions, RunResult } from '../host.ts';
import type { HostTransport, SpawnedCommand } from '../transport.ts';
import { checkCommand } from './check-command.ts';
import { collect } from './collect.ts';
import { startDeadline } from './deadline.ts';
import { errorOfEnded } from './end-command.ts';
import { feed } from './feed.ts';
import { spawn } from './spawn.ts';

const defaultMaxOutput = 64 * 1024 * 1024;

/** `Host.run` on a transport. `expected`: how many bytes stdout will have, if that is known. */
export async function run(
  transport: HostTransport,
  argv: readonly string[],
  options: RunOptions = {},
  expected = 0,
): Promise<RunResult> {
  checkCommand(argv, options);
  const startedAt = performance.now();
  using deadline = startDeadline(transport.name, argv, options);
  const command = await spawn(transport, argv, options, deadline.signal);
  deadline.started();
  const limit = new OutputLimitError(transport.name, argv, options.maxOutput ?? defaultMaxOutput);
  try {
    const [exit, stdout, stderr] = await untilAborted(
      deadline.signal,
      outcome(command, options, limit, expected),
    );
    const result = createResult(transport.name, argv, exit, stdout, stderr, performance.now() - startedAt);
    if (exit.exitCode !== 0 && options.reject !== false) throw new CommandError(result);
    return result;
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw await errorOfEnded(transport.name, argv, command, error);
  } finally {
    command.stdin.destroy();
  }
}

async function outcome(
  command: SpawnedCommand,
  { input }: RunOptions,
  limit: OutputLimitError,
  expected: number,
): Promise<[CommandExit, Buffer, Buffer]> {
  let left = limit.maxOutput;
  const take = (bytes: number): void => {
    left -= bytes;
    if (left < 0) throw limit;
  };
  const ended = Promise.all([
    command.exit,
    collect(command.stdout, take, expected),
    collect(command.stderr, take),
  ]);
  // The command may well end before it has read its input, so only a failure of the source counts.
  return await Promise.race([ended, feed(command.stdin, input).then(async () => await ended)]);
}

function createResult(
  host: string,
  argv: readonly string[],
  exit: CommandExit,
  stdoutBytes: Buffer,
  stderrBytes: Buffer,
  durationMs: number,
): RunResult {
  return {
    host,
    argv,
    ...exit,
    // Decoded when it is asked for: a file of 64 MiB need not become a string first.
    get stdout() {
      return stdoutBytes.toString();
    },
    get stderr() {
      return stderrBytes.toString();
    },
    stdoutBytes,
    durationMs,
  };
}
