import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';

import type { ClientChannel } from 'ssh2';

import {
  CommandRefusedError,
  HostConnectionError,
  type HostError,
  type SpawnCommand,
  type SpawnedCommand,
} from '@cutover/host-contract';

import { createBeginnings } from './beginnings.ts';
import { connect } from './connect.ts';
import type { Connection } from './connection.ts';
import {
  createGuardian,
  type Guardian,
  guardianChannel,
  guardianLine,
  signalOverNewConnection,
} from './guardian.ts';
import { launchLine, longestCommandLine } from './launch.ts';
import type { SshHostOptions } from './options.ts';
import { adoptSession, type Groups } from './session.ts';
import { clearingUp, createSessionQueue } from './session-queue.ts';

/** How often a session is asked for again before fewer are opened at once. */
const retries = 5;

/** Milliseconds that the guardian has to answer. */
const patience = 2_000;

/** A connection with its sessions: many commands at once, as many as the server grants. */
export interface Link {
  readonly connection: Connection;
  /** Whether the server grants one session only: a command beside another needs a connection of its own. */
  readonly single: boolean;
  spawn(command: SpawnCommand): Promise<SpawnedCommand>;
  /** Closes the connection once the guardian knows what it has to end. */
  close(): Promise<void>;
}

export async function openLink(host: string, options: SshHostOptions, signal: AbortSignal): Promise<Link> {
  const { maxSessions = 10 } = options;
  const connection = await connect(host, options, signal);
  const mark = `cutover-${randomBytes(8).toString('hex')}`;
  const sessions = createSessionQueue(Math.max(1, maxSessions - 1));

  let single = maxSessions === 1;
  /** Whether it has started a command. When it no longer starts any, the host is going down: its configuration allows commands. */
  let hasExecuted = false;
  /** When a session was granted or closed last: where several take turns, each meets the moment after one has closed. */
  let turnedAt = 0;
  // Asked for before the first command: later there may be no session left for it.
  let guarding: Promise<Guardian | undefined> =
    maxSessions > 1
      ? connection
          .exec(guardianLine, (channel) => createGuardian(guardianChannel(channel)))
          .catch(() => undefined)
      : Promise.resolve(undefined);
  /** Gives the guardian's session to a command. */
  const spareGuardian = async (): Promise<void> => {
    single = true;
    const dismissed = await guarding;
    guarding = Promise.resolve(undefined);
    await dismissed?.close();
  };
  const beginning = createBeginnings();
  let closing = false;
  const groups: Groups = {
    // The guardian has to be told of it.
    begin: (launched) => beginning.add(Promise.all([launched, guarding])),
    add: (group) => void guarding.then((guardian) => guardian?.add(group)),
    remove: (group) => void guarding.then((guardian) => guardian?.remove(group)),
    kill: async (group, name) => {
      const guardian = await guarding;
      const sent = guardian?.kill(group, name) ?? Promise.resolve(false);
      if (await Promise.race([sent, setTimeout(patience, false, { ref: false })])) return;
      if (connection.lost === undefined)
        await signalOverNewConnection(async () => await connect(host, options), group, name);
    },
  };

  /** Resolves when the guardian knows what it has to end, or does not answer. */
  const known = async (): Promise<void> => {
    const done = new AbortController();
    const late = setTimeout(patience, undefined, { signal: done.signal }).catch(() => undefined);
    await Promise.race([guarding.then(async (guardian) => await guardian?.knows()), late]);
    done.abort();
  };

  /** Opens a session, once more for each time the server refused while it may yet grant one. */
  const open = async <T>(command: SpawnCommand, adopt: (channel: ClientChannel) => T): Promise<T> => {
    const line = checkedLine(host, command, mark);
    let refused = 0;
    let alone = 0;
    let aloneSince = performance.now();
    for (;;) {
      const release = await sessions.acquire(command.signal);
      try {
        if (closing) throw new HostConnectionError('CONNECTION_LOST', host, `${host} has been disposed of`);
        const starting = connection.exec(line, (channel) => {
          channel.once('close', () => {
            turnedAt = performance.now();
            release();
          });
          return adopt(channel);
        });
        beginning.add(starting);
        const adopted = await starting;
        hasExecuted = true;
        turnedAt = performance.now();
        return adopted;
      } catch (error) {
        refused += 1;
        alone = sessions.granted === 1 ? alone + 1 : 0;
        if (alone === 1) aloneSince = performance.now();
        const isRefused = alone > retries && performance.now() - Math.max(aloneSince, turnedAt) > clearingUp;
        if (!isOpenFailure(error) || isRefused) {
          release();
          throw refusal(host, command.argv, error, hasExecuted);
        }
        if (alone === 3) await spareGuardian();
        if (alone === 0 && refused > retries) {
          sessions.lower();
          refused = 0;
        } else {
          // sshd may read our next request before it has cleared up after a session that has just closed.
          await setTimeout(5 * 2 ** Math.min(refused, retries));
        }
        release();
      }
    }
  };

  return {
    connection,
    close: async () => {
      closing = true;
      await beginning.over();
      await known();
      await connection.close();
    },
    get single() {
      return single;
    },
    spawn: async (command) =>
      await open(command, (channel) =>
        adoptSession(channel, {
          host,
          argv: command.argv,
          mark,
          connection,
          groups,
        }),
      ),
  };
}

/** @throws {CommandRefusedError} the line is longer than a login shell can be given. */
function checkedLine(host: string, command: SpawnCommand, mark: string): string {
  const line = launchLine(command, mark);
  const length = Buffer.byteLength(line);
  if (length <= longestCommandLine) return line;
  const why = `its command line of ${length} bytes is longer than ${longestCommandLine}; send it on input`;
  throw new CommandRefusedError(host, command.argv, why);
}

function refusal(host: string, argv: readonly string[], error: unknown, hasExecuted: boolean): HostError {
  if (error instanceof HostConnectionError) return error;
  if (!isOpenFailure(error) && hasExecuted) {
    const gone = `${host} starts no commands any more, as a host that is going down or has no memory left`;
    return new HostConnectionError('CONNECTION_LOST', host, gone, { cause: error });
  }
  if (!isOpenFailure(error))
    return new CommandRefusedError(host, argv, 'sshd executes no commands', { cause: error });
  const what = `${host} grants no session (MaxSessions in its sshd_config, or a restriction of the key)`;
  return new HostConnectionError('CONNECTION_FAILED', host, what, { cause: error });
}

/** SSH_MSG_CHANNEL_OPEN_FAILURE, as ssh2 reports it: with the reason code of RFC 4254, 5.1. */
function isOpenFailure(error: unknown): boolean {
  return error instanceof Error && 'reason' in error && typeof error.reason === 'number';
}
