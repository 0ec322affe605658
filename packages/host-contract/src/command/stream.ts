import { PassThrough, type Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';

import { untilAborted } from '@cutover/foundation/until-aborted';

import type { CommandStream, StreamOptions } from '../host.ts';
import type { HostTransport, SpawnedCommand } from '../transport.ts';
import { checkCommand } from './check-command.ts';
import { startDeadline } from './deadline.ts';
import { errorOfEnded } from './end-command.ts';
import { spawn } from './spawn.ts';

/** `Host.stream` on a transport: streams to hold at once, joined to the command's own when it has started. */
export function stream(
  transport: HostTransport,
  argv: readonly string[],
  options: StreamOptions = {},
): CommandStream {
  checkCommand(argv, options);
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const streams = [stdin, stdout, stderr];
  // A host that stands on this one listens as well: more than Node takes for no leak.
  for (const held of streams) held.setMaxListeners(30).on('error', ignore);

  const deadline = startDeadline(transport.name, argv, options);
  const disposed = new AbortController();
  const stop = AbortSignal.any([deadline.signal, disposed.signal]);
  const spawning = spawn(transport, argv, options, stop);
  const fail = (error: unknown): void => {
    for (const held of streams) held.destroy(error instanceof Error ? error : new Error(String(error)));
  };

  let ending: Promise<unknown> | undefined;
  /** Ends the command, once; resolves with what to say of that. */
  const end = async (command: SpawnedCommand, why: unknown): Promise<unknown> =>
    await (ending ??= errorOfEnded(transport.name, argv, command, why));

  const exit = spawning.then(async (command) => {
    deadline.started();
    void pipeline(stdin, command.stdin).catch(ignore);
    try {
      return await untilAborted(stop, command.exit);
    } catch (error) {
      throw stop.aborted ? await end(command, error) : error;
    }
  });
  const over = spawning.then(async (command) => {
    try {
      await untilAborted(
        stop,
        Promise.all([command.exit, join(command.stdout, stdout), join(command.stderr, stderr)]),
      );
      stdin.destroy();
    } catch (error) {
      fail(error);
      await end(command, error);
    }
  }, fail);
  void over.finally(() => deadline[Symbol.dispose]());
  exit.catch(ignore);
  const started = spawning.then(() => undefined);
  started.catch(ignore);

  return {
    stdin,
    stdout,
    stderr,
    started,
    exit,
    kill: async (signal = 'SIGTERM') => {
      const command = await spawning;
      await command.kill(signal);
    },
    [Symbol.asyncDispose]: async () => {
      disposed.abort(new Error(`the stream of ${argv[0]} on ${transport.name} was closed`));
      await over;
      for (const held of streams) held.destroy();
    },
  };
}

/** The reader may leave early: the command then gets a broken pipe where the transport has one, which is its own affair. */
async function join(from: Readable, to: PassThrough): Promise<void> {
  let left = to.destroyed;
  const onEnd = (): void => {
    left ||= from.errored === null;
  };
  // Before the pipeline hears of it, and breaks what it reads from. A loop that is left by `break` is an error to it.
  to.once('error', onEnd).once('close', onEnd);
  await Promise.allSettled([pipeline(from, to)]);
  if (left) return;
  if (from.errored !== null) throw from.errored;
  if (!from.destroyed) await finished(from);
}

function ignore(): void {}
