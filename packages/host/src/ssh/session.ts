import type { ClientChannel } from 'ssh2';

import {
  type CommandExit,
  CommandRefusedError,
  HostConnectionError,
  type SpawnedCommand,
} from '@cutover/host-contract';

import { readableOf, writableOf } from './channel-streams.ts';
import type { Connection } from './connection.ts';
import type { Guardian } from './guardian.ts';
import { findLaunchMark } from './launch.ts';

export interface SessionOptions {
  readonly host: string;
  readonly argv: readonly string[];
  readonly mark: string;
  readonly connection: Connection;
  guardian(): Promise<Guardian>;
}

/** A channel on which a launch line has been sent, as a command. */
export function adoptSession(channel: ClientChannel, options: SessionOptions): SpawnedCommand {
  const { host, argv, mark, connection } = options;
  channel.on('error', () => undefined);

  let group: number | undefined;
  let seen = Buffer.alloc(0);
  let launch: () => void = () => undefined;
  /** Resolves when the process group is known, or when it will never be. */
  const launched = new Promise<void>((resolve) => {
    launch = resolve;
  });
  // Not before the group is known: a command whose channel is closed while it starts would be out of reach.
  const closeWhenDestroyed = (): void => {
    if (stdin.destroyed && stdout.destroyed && stderr.destroyed) void launched.then(() => channel.close());
  };
  const common = { lost: () => connection.lost, onDestroy: closeWhenDestroyed };
  const stdin = writableOf(channel, closeWhenDestroyed);
  const stdout = readableOf(channel, common);
  const stderr = readableOf(channel.stderr, {
    ...common,
    filter: (chunk) => {
      if (group !== undefined) return chunk;
      seen = Buffer.concat([seen, chunk]);
      const found = findLaunchMark(seen, mark);
      group = found?.processGroup;
      if (found !== undefined) launch();
      return found?.rest ?? Buffer.alloc(0);
    },
    onEnd: () => launch(),
  });

  const status = statusOf(channel, host, connection);
  const exit = status.then(async (ended) => {
    await launched;
    if (group !== undefined) return ended;
    const said = seen.toString().trim();
    throw (
      connection.lost ??
      new CommandRefusedError(host, argv, `the login shell did not start it${said === '' ? '' : `: ${said}`}`)
    );
  });

  const guarded = launched.then(async () => (group === undefined ? undefined : await options.guardian()));
  void guarded.then((guardian) => {
    const known = group;
    if (guardian === undefined || known === undefined) return;
    guardian.add(known);
    const remove = (): void => guardian.remove(known);
    status.then(remove, remove);
  });

  return {
    stdin,
    stdout,
    stderr,
    exit,
    kill: async (signal) => {
      const guardian = await guarded;
      if (guardian !== undefined && group !== undefined) await guardian.kill(group, signal);
      else channel.signal(signal.slice(3));
    },
  };
}

async function statusOf(channel: ClientChannel, host: string, connection: Connection): Promise<CommandExit> {
  return await new Promise<CommandExit>((resolve, reject) => {
    const forget = connection.onLost(reject);
    channel.once('exit', (exitCode: number | null, signal?: string) => {
      forget();
      // OpenSSH writes the signals that RFC 4254 does not know as e.g. `XCPU@openssh.com`.
      resolve(
        exitCode === null
          ? { exitCode: undefined, signal: signal?.replace(/@.*$/, '') }
          : { exitCode, signal: undefined },
      );
    });
    channel.once('close', () => {
      forget();
      const what = `${host} closed a command's channel without saying how the command ended`;
      reject(connection.lost ?? new HostConnectionError('CONNECTION_LOST', host, what));
    });
  });
}
