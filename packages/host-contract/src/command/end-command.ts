import { finished } from 'node:stream/promises';

import { HostConnectionError, HostError } from '../errors.ts';
import type { SpawnedCommand } from '../transport.ts';
import { within } from './within.ts';

/**
 * Milliseconds a command gets between TERM and KILL, and again after KILL before it is given up: enough for an aborted
 * write to remove its temporary file on a machine that is busy.
 */
const grace = 5_000;

/** Milliseconds for the output of what a command has started, once the command itself has ended. */
const lastWords = 1_000;

/**
 * Ends a command and all it started: TERM, some time, KILL. Never rejects; nothing is held afterwards.
 *
 * @returns whether the command is known to have ended, and if not, what its `exit` rejected with.
 */
export async function endCommand(
  command: SpawnedCommand,
): Promise<{ readonly ended: boolean; readonly failure: unknown }> {
  const { stdin, stdout, stderr, exit } = command;
  // Output without a reader must not keep a command from writing its last words.
  stdout.resume();
  stderr.resume();
  let ended = false;
  let failure: unknown;
  const exited = exit.then(
    () => {
      ended = true;
    },
    (error: unknown) => {
      failure = error;
    },
  );
  const output = Promise.allSettled([finished(stdout), finished(stderr)]);
  await within(grace, Promise.allSettled([command.kill('SIGTERM'), exited]));
  // What has left the group on purpose may hold the output for as long as it likes.
  if (ended) await within(lastWords, output);
  // Also when the command has ended: what it started may have outlived it.
  await within(grace, Promise.allSettled([command.kill('SIGKILL'), exited]));
  if (ended) await within(lastWords, output);
  stdin.destroy();
  stdout.destroy();
  stderr.destroy();
  return { ended, failure };
}

/**
 * Ends a command, and says what to throw: `why` it had to end, or that it is unknown whether it has. A broken stream says
 * less than the transport does about that.
 */
export async function errorOfEnded(
  host: string,
  argv: readonly string[],
  command: SpawnedCommand,
  why: unknown,
): Promise<unknown> {
  const { ended, failure } = await endCommand(command);
  if (ended || why instanceof HostConnectionError) return why;
  if (failure instanceof HostError) return failure;
  const what = `${argv[0] ?? ''} on ${host} was to be ended, and may still run: look before you repeat it`;
  return new HostConnectionError('END_UNKNOWN', host, what, { cause: why });
}
