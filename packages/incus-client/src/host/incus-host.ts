import { randomUUID } from 'node:crypto';
import { constants } from 'node:os';
import { PassThrough, type Readable, type Transform } from 'node:stream';
import { exitFromShell } from '@cutover/foundation/shell-exit';
import {
  type CommandExit,
  CommandRefusedError,
  type Host,
  HostConnectionError,
  type SpawnCommand,
  type SpawnedCommand,
  createHost,
} from '@cutover/host-contract';
import type { IncusScope } from '../client.ts';
import { IncusError, OperationError } from '../errors.ts';
import type { ExecSession } from '../exec/types.ts';
import { killArgv, launchArgv } from './launch.ts';
import { LaunchMark } from './launch-mark.ts';

/** How an instance is used as a `Host`. */
export interface IncusHostOptions {
  /** What to call it in messages; default: the instance's name. */
  readonly name?: string | undefined;
  /** Variables that every command gets, e.g. a PATH. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/**
 * An instance as a `Host`: commands by exec, as root. It needs `/bin/sh` and `setsid` in the guest, and in a virtual
 * machine the agent. The client stays the caller's: disposing the host leaves it open.
 *
 * @example
 * const { stdout } = await incusHost(incus, 'web').run(['uname', '-r']);
 */
export function incusHost(client: IncusScope, instance: string, options: IncusHostOptions = {}): Host {
  const name = options.name ?? instance;
  return createHost({
    name,
    spawn: (command) =>
      spawn(client, instance, name, { ...command, env: { ...options.env, ...command.env } }),
  });
}

async function spawn(
  client: IncusScope,
  instance: string,
  host: string,
  { argv, env, cwd, signal }: SpawnCommand,
): Promise<SpawnedCommand> {
  const mark = randomUUID();
  const session = await start(client, instance, host, launchArgv(argv, cwd, mark), env, signal);
  const lost = (cause: unknown) =>
    new HostConnectionError('CONNECTION_LOST', host, `lost the connection to ${host}`, { cause });
  const launch = following(session.stderr, new LaunchMark(mark), lost);
  return {
    stdin: session.stdin,
    stdout: following(session.stdout, new PassThrough({ highWaterMark: 256 * 1024 }), lost),
    stderr: afterMark(launch),
    exit: exitOf(session, launch, host, argv),
    kill: async (name) => {
      const group = await launch.group;
      if (group === undefined) session.kill(constants.signals[name]);
      else await client.exec.run(instance, killArgv(name, group));
    },
  };
}

async function start(
  client: IncusScope,
  instance: string,
  host: string,
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<ExecSession> {
  // Only before: what has been asked for is soon there, and createHost() ends what it no longer wants. Given up half-way it
  // would keep the daemon waiting for its channels.
  signal.throwIfAborted();
  try {
    return await client.exec.start(instance, argv, { env });
  } catch (error) {
    if (!(error instanceof IncusError)) throw error;
    const mayRun = error.code === 'CONNECTION_LOST' || error.code === 'OPERATION_LOST';
    throw new HostConnectionError(
      mayRun ? 'CONNECTION_LOST' : 'CONNECTION_FAILED',
      host,
      mayRun
        ? `lost the connection to ${host} while a command was started, so whether it runs is unknown: ${error.message}`
        : `cannot run commands in ${instance}: ${error.message}`,
      { cause: error },
    );
  }
}

/** The daemon could not start it. Without its agent a virtual machine runs nothing that it is asked for here. */
function refused(host: string, argv: readonly string[], error: OperationError): Error {
  if (error.code !== 'AGENT_ABSENT')
    return new CommandRefusedError(host, argv, error.operation.err, { cause: error });
  return new HostConnectionError(
    'CONNECTION_FAILED',
    host,
    `cannot run commands on ${host}: its agent does not run; wait for it (waitReady with agent), or reach the machine by ssh`,
    { cause: error },
  );
}

async function exitOf(
  session: ExecSession,
  launch: LaunchMark,
  host: string,
  argv: readonly string[],
): Promise<CommandExit> {
  let code: number;
  try {
    code = await session.exit;
  } catch (error) {
    if (error instanceof OperationError) throw refused(host, argv, error);
    throw new HostConnectionError(
      'CONNECTION_LOST',
      host,
      `lost sight of ${argv[0] ?? ''} on ${host}: how it ended is unknown`,
      { cause: error },
    );
  }
  // The daemon tells a death by a signal as shells do.
  if ((await launch.group) !== undefined) return exitFromShell(code);
  // What was cut off before its mark had come may well have run.
  if (launch.errored !== null) throw launch.errored;
  throw new CommandRefusedError(
    host,
    argv,
    `the guest did not start it (exit code ${code}): it needs /bin/sh and setsid`,
  );
}

/** What `source` says, by way of `through`, with an error that a `Host` may throw. */
function following<Through extends Transform>(
  source: Readable,
  through: Through,
  lost: (cause: unknown) => Error,
): Through {
  source.on('error', (error) => through.destroy(lost(error)));
  through.on('error', () => {});
  through.on('close', () => source.destroy());
  source.pipe(through);
  return through;
}

/**
 * The command's own stderr. Who closes it early closes no more than that: the mark is read on until it is there, for without
 * it only the command itself could be signalled, and not what it has started.
 */
function afterMark(launch: LaunchMark): Readable {
  const stderr = new PassThrough();
  launch.on('error', (error) => stderr.destroy(error));
  launch.pipe(stderr);
  stderr.on('error', () => {});
  stderr.on('close', () => {
    launch.resume();
    void launch.group.then(() => launch.destroy());
  });
  return stderr;
}
