import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';

import type { ClientChannel } from 'ssh2';

import { CommandRefusedError, HostConnectionError } from '../errors.ts';
import type { SpawnCommand, SpawnedCommand } from '../transport.ts';
import { connect, type Connection } from './connection.ts';
import { createGuardian, guardianLine, type Guardian } from './guardian.ts';
import { launchLine, longestCommandLine } from './launch.ts';
import type { SshHostOptions } from './options.ts';
import { adoptSession } from './session.ts';
import { createSessionQueue } from './session-queue.ts';

/** How often a session is asked for again before fewer are opened at once. */
const retries = 5;

/** A connection with its sessions: many commands at once, as many as the server grants. */
export interface Link {
  readonly connection: Connection;
  spawn(command: SpawnCommand): Promise<SpawnedCommand>;
}

export async function openLink(host: string, options: SshHostOptions): Promise<Link> {
  const { maxSessions = 10 } = options;
  const connection = await connect(host, options);
  const mark = `cutover-${randomBytes(8).toString('hex')}`;
  const sessions = createSessionQueue(Math.max(1, maxSessions - 1));

  let guarding: Promise<Guardian | undefined> | undefined =
    maxSessions > 1 ? undefined : Promise.resolve(undefined);
  const guardian = async (): Promise<Guardian | undefined> => {
    // A server that refuses a session for the guardian may still grant one for a command.
    guarding ??= connection.exec(guardianLine, createGuardian).catch(() => undefined);
    return await guarding;
  };
  const dismissGuardian = async (): Promise<boolean> => {
    const dismissed = await guarding;
    guarding = Promise.resolve(undefined);
    dismissed?.close();
    return dismissed !== undefined;
  };

  /** Opens a session, once more for each time the server refused while others were open. */
  const open = async <T>(command: SpawnCommand, adopt: (channel: ClientChannel) => T): Promise<T> => {
    const line = launchLine(command, mark);
    const length = Buffer.byteLength(line);
    if (length > longestCommandLine) {
      const why = `its command line of ${length} bytes is longer than ${longestCommandLine}; send it on input`;
      throw new CommandRefusedError(host, command.argv, why);
    }
    for (let refused = 0; ; refused += 1) {
      const release = await sessions.acquire(command.signal);
      try {
        return await connection.exec(line, (channel) => {
          channel.once('close', release);
          return adopt(channel);
        });
      } catch (error) {
        const others = sessions.granted > 1;
        // sshd may read our next request before it has cleared up after a session that has just closed.
        if (others && refused < retries) await setTimeout(5 * 2 ** refused);
        else if (others) sessions.lower();
        release();
        if (error instanceof HostConnectionError) throw error;
        if (!isOpenFailure(error)) {
          throw new CommandRefusedError(host, command.argv, `sshd refuses to execute commands`, {
            cause: error,
          });
        }
        if (!others && !(await dismissGuardian())) {
          const what = `${host} grants no session (MaxSessions in its sshd_config, or a restriction of the key)`;
          throw new HostConnectionError('CONNECTION_FAILED', host, what, { cause: error });
        }
      }
    }
  };

  return {
    connection,
    spawn: async (command) =>
      await open(command, (channel) =>
        adoptSession(channel, { host, argv: command.argv, mark, connection, guardian }),
      ),
  };
}

/** SSH_MSG_CHANNEL_OPEN_FAILURE, as ssh2 reports it: with the reason code of RFC 4254, 5.1. */
function isOpenFailure(error: unknown): boolean {
  return error instanceof Error && 'reason' in error && typeof error.reason === 'number';
}
