import { stat } from 'node:fs/promises';
import { PassThrough, Readable } from 'node:stream';

import { describeError } from '@cutover/foundation/describe-error';
import { isErrno } from '@cutover/foundation/errno';
import {
  type CommandExit,
  CommandRefusedError,
  type SpawnCommand,
  type SpawnedCommand,
} from '@cutover/host-contract';

const options = {
  buffer: false,
  encoding: 'buffer',
  reject: false,
  // `createHost` ends what has to be ended, for all transports alike.
  cleanup: false,
  // A process group of its own, so that what the command starts can be ended with it.
  detached: true,
} as const;

/** execa is loaded with the first command: a program that runs none starts without it. */
export async function spawnLocally(host: string, command: SpawnCommand): Promise<SpawnedCommand> {
  const [{ execa }, { createProcessGroup }] = await Promise.all([
    import('execa'),
    import('./process-group.ts'),
  ]);
  const { argv, env, cwd } = command;
  const [file = '', ...args] = argv;
  const child = execa(file, args, { ...options, env, ...(cwd !== undefined && { cwd }) });
  const { pid } = child;
  if (pid === undefined) return await notStarted(host, command, (await child).cause);
  const group = createProcessGroup(pid);
  const exit = new Promise<CommandExit>((resolve) => {
    child.once('exit', (exitCode, signal) => {
      group.ended();
      resolve({ exitCode: exitCode ?? undefined, signal: signal ?? undefined });
    });
  });
  const { stdin, stdout, stderr } = child;
  return { stdin, stdout, stderr, exit, kill: async (signal) => group.kill(signal) };
}

/** Says it as a shell does: 127 and 126, so that all transports say the same. */
async function notStarted(
  host: string,
  { argv, cwd }: SpawnCommand,
  error: unknown,
): Promise<SpawnedCommand> {
  if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES')) {
    const cwdProblem = cwd === undefined ? undefined : await problemOf(cwd);
    if (cwdProblem !== undefined) return ended(127, `cd: ${cwd}: ${cwdProblem}\n`);
    if (error.code === 'EACCES') return ended(126, `${argv[0]}: Permission denied\n`);
    return ended(127, `${argv[0]}: not found\n`);
  }
  const why = isErrno(error, 'E2BIG') ? 'its arguments are too long' : describeError(error).code;
  throw new CommandRefusedError(host, argv, why, { cause: error });
}

async function problemOf(directory: string): Promise<string | undefined> {
  try {
    return (await stat(directory)).isDirectory() ? undefined : 'not a directory';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function ended(exitCode: number, stderr: string): SpawnedCommand {
  return {
    stdin: new PassThrough().resume(),
    stdout: Readable.from([]),
    stderr: Readable.from([Buffer.from(stderr)]),
    exit: Promise.resolve({ exitCode, signal: undefined }),
    kill: async () => undefined,
  };
}
