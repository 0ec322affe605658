import { setTimeout } from 'node:timers/promises';

import { type CommandExit, HostConnectionError, type SpawnedCommand } from '@cutover/host-contract';
import type { ClientChannel } from 'ssh2';

import { patience } from './beginnings.ts';
import { readableOf, windowOf, writableOf } from './channel-streams.ts';
import type { Connection } from './connection.ts';
import { findMark, notSeen, type ProcessGroup } from './mark.ts';

export interface SessionOptions {
  readonly host: string;
  readonly argv: readonly string[];
  readonly mark: string;
  readonly connection: Connection;
  /** What has to be known of the command's process group while it runs. */
  readonly groups: Groups;
}

export interface Groups {
  /** A command begins; `launched` resolves when its group is known, or when it will never be. */
  begin(launched: Promise<void>): void;
  add(group: ProcessGroup): void;
  remove(group: ProcessGroup): void;
  kill(group: ProcessGroup, signal: NodeJS.Signals): Promise<void>;
}

/** A channel on which a launch line has been sent, as a command. */
export function adoptSession(channel: ClientChannel, options: SessionOptions): SpawnedCommand {
  const { host, argv, mark, connection, groups } = options;
  channel.on('error', () => undefined);

  let group: ProcessGroup | undefined;
  let killed = false;
  let launch: () => void = () => undefined;
  /** Resolves when the process group is known, or when it will never be. */
  const launched = new Promise<void>((resolve) => {
    launch = resolve;
  });
  const status = statusOf(channel, host, connection);
  const onGroup = (started: ProcessGroup): void => {
    if (group !== undefined) return;
    group = started;
    groups.add(started);
    const remove = (): void => groups.remove(started);
    status.then(remove, remove);
    launch();
  };
  const output = findMark(channel, mark, onGroup);
  const errors = findMark(channel.stderr, mark, onGroup);
  const begun = Promise.all([output.begun, errors.begun]).then(() => launch());
  groups.begin(launched);

  // Not before the group is known: a command whose channel is closed while it starts would be out of reach.
  const closeWhenDestroyed = (): void => {
    if (stdin.destroyed && stdout.destroyed && stderr.destroyed)
      void Promise.race([launched, setTimeout(patience, undefined, { ref: false })]).then(() =>
        channel.close(),
      );
  };
  const common = { window: windowOf(channel), lost: () => connection.lost, onDestroy: closeWhenDestroyed };
  const stdin = writableOf(channel, closeWhenDestroyed);
  const stdout = readableOf(channel, { ...common, filter: output.filter });
  const stderr = readableOf(channel.stderr, { ...common, filter: errors.filter });

  const exit = status.then(async (ended) => {
    await begun;
    // One that we have signalled may have ended between its two marks.
    if (group !== undefined && (killed || (output.passed && errors.passed))) return ended;
    throw connection.lost ?? notSeen(host, argv, output, errors);
  });

  return {
    stdin,
    stdout,
    stderr,
    exit,
    kill: async (signal) => {
      await launched;
      killed = true;
      if (group === undefined) channel.signal(signal.slice(3));
      else await groups.kill(group, signal);
    },
  };
}

async function statusOf(channel: ClientChannel, host: string, connection: Connection): Promise<CommandExit> {
  return await new Promise<CommandExit>((resolve, reject) => {
    const forget = connection.onLost(reject);
    channel.once('exit', (exitCode: number | null, signal?: string) => {
      forget();
      resolve(
        exitCode === null
          ? { exitCode: undefined, signal: signalName(signal) }
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

/** OpenSSH says `SIG@openssh.com` of all signals that RFC 4254 has no name for, such as XCPU and the real-time ones. */
function signalName(signal = ''): string {
  const name = signal.replace(/@.*$/, '');
  return name === 'SIGSIG' || name === '' ? 'SIGUNKNOWN' : name;
}
