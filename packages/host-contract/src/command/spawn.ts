import { untilAborted } from '@cutover/foundation/until-aborted';

import type { CommandOptions } from '../host.ts';
import type { HostTransport, SpawnedCommand } from '../transport.ts';
import { endCommand } from './end-command.ts';
import { within } from './within.ts';

/** Milliseconds that an aborted start may take to come to its end. */
const patience = 2_000;

/** Starts a command; when `signal` aborts first, one that still starts afterwards is ended at once. */
export async function spawn(
  transport: HostTransport,
  argv: readonly string[],
  { env = {}, cwd }: CommandOptions,
  signal: AbortSignal,
): Promise<SpawnedCommand> {
  signal.throwIfAborted();
  const starting = transport.spawn({ argv, env, cwd, signal });
  try {
    const command = await untilAborted(signal, starting);
    for (const stream of [command.stdin, command.stdout, command.stderr]) stream.on('error', ignore);
    command.exit.catch(ignore);
    return command;
  } catch (error) {
    // What starts nevertheless is ended before the caller is told, unless even its start takes long.
    const ended = starting.then(endCommand);
    ended.catch(ignore);
    if (await within(patience, starting)) await Promise.allSettled([ended]);
    throw error;
  }
}

/**
 * A stream's error reaches its reader, and that of `exit` the caller who awaits it. Without a listener of our own the
 * same error, e.g. EPIPE from a command that does not read its input, would end the process.
 */
function ignore(): void {}
