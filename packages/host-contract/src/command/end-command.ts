import { finished } from 'node:stream/promises';

import type { SpawnedCommand } from '../transport.ts';
import { within } from './within.ts';

/**
 * Milliseconds a command gets between TERM and KILL, and again after KILL before it is given up: enough for an aborted
 * write to remove its temporary file on a machine that is busy.
 */
const grace = 5_000;

/** Ends a command and all it started: TERM, some time, KILL. Never rejects; nothing is held afterwards. */
export async function endCommand(command: SpawnedCommand): Promise<void> {
  const { stdin, stdout, stderr, exit } = command;
  // Output that is no longer read must not keep a command from writing its last words.
  stdout.resume();
  stderr.resume();
  const ended = Promise.allSettled([exit, finished(stdout), finished(stderr)]);
  await within(grace, Promise.allSettled([command.kill('SIGTERM'), ended]));
  // Also when the command has ended: what it started may have outlived it.
  await within(grace, Promise.allSettled([command.kill('SIGKILL'), ended]));
  stdin.destroy();
  stdout.destroy();
  stderr.destroy();
}
