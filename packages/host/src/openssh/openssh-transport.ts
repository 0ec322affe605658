import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';

import { CommandRefusedError, HostConnectionError, type HostTransport } from '@cutover/host-contract';

import { createBeginnings } from '../ssh/beginnings.ts';
import { longestCommandLine } from '../ssh/launch.ts';
import type { SshHostOptions } from '../ssh/options.ts';
import { clearingUp, createSessionQueue } from '../ssh/session-queue.ts';
import { untilAborted } from '@cutover/foundation/until-aborted';
import { type Master, startMaster } from './master.ts';
import { lineOf, startSession } from './session.ts';

/** How often a session is asked for again before fewer are opened at once. */
const retries = 5;

/**
 * A host by way of the system's `ssh`: one connection, shared by an `ssh` for each command. For what needs OpenSSH
 * itself: certificates, hardware keys, Kerberos, algorithms of its own.
 */
export function opensshTransport(name: string, options: SshHostOptions): HostTransport {
  const sessions = createSessionQueue(Math.max(1, (options.maxSessions ?? 10) - 1));
  const beginning = createBeginnings();
  const disposal = new AbortController();
  let current: Promise<Master> | undefined;
  /** When a session was granted or closed last. */
  let turnedAt = 0;
  const open = async (): Promise<Master> => {
    const forget = (): void => {
      current = undefined;
    };
    try {
      const master = await startMaster(name, options, disposal.signal);
      void master.ended.then(forget);
      return master;
    } catch (error) {
      forget();
      throw error;
    }
  };

  return {
    name,
    spawn: async (command) => {
      disposal.signal.throwIfAborted();
      const mark = `cutover-${randomBytes(8).toString('hex')}`;
      const line = lineOf(command, mark);
      if (Buffer.byteLength(line) > longestCommandLine) {
        const why = `its command line is longer than ${longestCommandLine} bytes; send it on input`;
        throw new CommandRefusedError(name, command.argv, why);
      }
      let refused = 0;
      let alone = 0;
      let aloneSince = performance.now();
      for (;;) {
        const master = await untilAborted(command.signal, (current ??= open()));
        const release = await sessions.acquire(command.signal);
        // What waits gets its turn when the others are ended: nothing is to begin then that nothing would end.
        if (disposal.signal.aborted || master.lost !== undefined) release();
        disposal.signal.throwIfAborted();
        if (master.lost !== undefined) continue;
        const session = startSession(name, master, command, { line, mark });
        beginning.add(session.refused);
        if (!(await session.refused)) {
          turnedAt = performance.now();
          void session.closed.then(() => {
            turnedAt = performance.now();
            release();
          });
          return session.command;
        }
        refused += 1;
        alone = sessions.granted === 1 ? alone + 1 : 0;
        if (alone === 1) aloneSince = performance.now();
        if (alone === 0 && refused > retries) {
          sessions.lower();
          refused = 0;
        } else {
          // sshd may read our next request before it has cleared up after a session that has just closed.
          await setTimeout(5 * 2 ** Math.min(refused, retries));
        }
        release();
        if (alone > retries && performance.now() - Math.max(aloneSince, turnedAt) > clearingUp)
          throw noSession(name);
      }
    },
    close: async () => {
      disposal.abort(new HostConnectionError('CONNECTION_FAILED', name, `${name} has been disposed of`));
      const [opened] = await Promise.allSettled([current]);
      await beginning.over();
      if (opened.status === 'fulfilled') await opened.value?.close();
    },
  };
}

function noSession(host: string): HostConnectionError {
  const what = `${host} grants no session beside the first one: this way of connecting needs two (MaxSessions in its sshd_config)`;
  return new HostConnectionError('CONNECTION_FAILED', host, what);
}
