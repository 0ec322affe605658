import { stat } from 'node:fs/promises';
import { PassThrough, Readable } from 'node:stream';

import { execa } from 'execa';

import { CommandRefusedError } from '../errors.ts';
import type { CommandExit } from '../host.ts';
import type { SpawnCommand, SpawnedCommand } from '../transport.ts';
import { killGroup, trackGroup } from './process-group.ts';

const options = {
  buffer: false,
  encoding: 'buffer',
  reject: false,
  // A process group of its own, so that what the command starts can be ended with it.
  detached: true,
} as const;

export async function spawnLocally(host: string, { argv, env, cwd }: SpawnCommand): Promise<SpawnedCommand> {
  const [file = '', ...args] = argv;
  const child = execa(file, args, { ...options, env, ...(cwd !== undefined && { cwd }) });
  const { pid } = child;
  if (pid === undefined) {
    const { code = '', cause } = await child;
    return await notStarted(host, argv, cwd, code, cause);
  }
  const untrack = trackGroup(pid);
  const exit = new Promise<CommandExit>((resolve) => {
    child.once('exit', (exitCode, signal) => {
      untrack();
      resolve({ exitCode: exitCode ?? undefined, signal: signal ?? undefined });
    });
  });
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    exit,
    kill: async (signal) => killGroup(pid, signal),
  };
}

/** Says it as a shell does: 127 and 126, so that all transports say the same. */
async function notStarted(
  host: string,
  argv: readonly string[],
  cwd: string | undefined,
  code: string,
  cause: unknown,
): Promise<SpawnedCommand> {
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') {
    const cwdProblem = cwd === undefined ? undefined : await problemOf(cwd);
    if (cwdProblem !== undefined) return ended(127, `cd: ${cwd}: ${cwdProblem}\n`);
    if (code === 'EACCES') return ended(126, `${argv[0]}: Permission denied\n`);
    return ended(127, `${argv[0]}: not found\n`);
  }
  throw new CommandRefusedError(host, argv, code, { cause });
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
