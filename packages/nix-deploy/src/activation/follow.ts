import { type CommandStream, type Host, HostConnectionError } from '@cutover/host';

import { asRoot, type Privilege, script } from '../target/script.ts';
import { createLogReader } from './log-reader.ts';
import type { LogLine } from './log-line.ts';
import followScript from './follow.sh';
import showLogScript from './show-log.sh';

export interface FollowOptions {
  readonly id: string;
  readonly state: string;
  readonly privilege: Privilege;
  /** The stream that started the deploy and shows its log. Default: the log is read on the first connection. */
  readonly started?: CommandStream | undefined;
  /** The connection in use, and how to come by another one. */
  readonly connection: Host;
  readonly reconnect: (error: HostConnectionError) => Promise<Host>;
  readonly signal?: AbortSignal | undefined;
}

/** The new system would stop units that connections stand on. Nothing had been started. */
export class StrandsError extends Error {
  override readonly name = 'StrandsError';
  readonly units: readonly string[];

  constructor(units: readonly string[]) {
    super(`the new system has no ${units.join(', ')}`);
    this.units = units;
  }
}

/** The target refused: the message says why. Nothing had been started. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

/**
 * The lines of a deploy's log, each once and in order, across lost connections; ends when the supervisor has finished
 * or is gone.
 *
 * @throws {HostConnectionError} what `reconnect` throws when it gives up.
 */
export async function* followLog(options: FollowOptions): AsyncGenerator<LogLine, void> {
  const { id, state, privilege, signal } = options;
  const reader = createLogReader(id);
  let host = options.connection;
  let stream = options.started;
  for (;;) {
    signal?.throwIfAborted();
    stream ??= host.stream(
      asRoot(
        script('follow', `${showLogScript}${followScript}`, state, id, String(reader.offset + 1)),
        privilege,
      ),
      { signal },
    );
    try {
      for await (const chunk of stream.stdout) {
        for (const line of reader.push(chunk)) {
          if (line.type === 'supervisor' && line.event.type === 'strands') {
            throw new StrandsError(line.event.units);
          }
          if (line.type === 'supervisor' && line.event.type === 'refused') {
            throw new RefusedError(line.event.reason);
          }
          yield line;
          if (isLast(line)) return;
        }
      }
      const { exitCode, signal: killedBy } = await stream.exit;
      if (killedBy !== undefined) {
        // As by the end of the session that it belonged to: the supervisor does not belong to that.
        const what = `what showed the log on ${host.name} was ended by ${killedBy}`;
        throw new HostConnectionError('CONNECTION_LOST', host.name, what);
      }
      if (exitCode !== 0) throw new RefusedError(await failure(stream, exitCode));
    } catch (error) {
      if (!(error instanceof HostConnectionError)) throw error;
      host = await options.reconnect(error);
    } finally {
      await stream[Symbol.asyncDispose]();
      stream = undefined;
    }
    reader.restart();
  }
}

function isLast(line: LogLine): boolean {
  if (line.type !== 'supervisor') return false;
  return line.event.type === 'finished' || line.event.type === 'gone' || line.event.type === 'locked';
}

async function failure(stream: CommandStream, exitCode: number | undefined): Promise<string> {
  const text: string[] = [];
  for await (const chunk of stream.stderr) text.push(String(chunk));
  return `exit code ${exitCode}: ${text.join('').trim()}`;
}
