import { randomBytes } from 'node:crypto';

import { CommandRefusedError, HostConnectionError, type HostTransport } from '@cutover/host-contract';

import { longestCommandLine } from '../ssh/launch.ts';
import type { SshHostOptions } from '../ssh/options.ts';
import { createSessionQueue } from '../ssh/session-queue.ts';
import { untilAborted } from '@cutover/foundation/until-aborted';
import { type Master, startMaster } from './master.ts';
import { lineOf, startSession } from './session.ts';

/**
 * A host by way of the system's `ssh`: one connection, shared by an `ssh` for each command. For what needs OpenSSH
 * itself: certificates, hardware keys, Kerberos, algorithms of its own.
 */
export function opensshTransport(name: string, options: SshHostOptions): HostTransport {
  const sessions = createSessionQueue(Math.max(1, (options.maxSessions ?? 10) - 1));
  const disposal = new AbortController();
  let current: Promise<Master> | undefined;
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
      const master = await untilAborted(command.signal, (current ??= open()));
      const over = await sessions.acquire(command.signal);
      return startSession(name, master, command, { line, mark, over });
    },
    close: async () => {
      disposal.abort(new HostConnectionError('CONNECTION_FAILED', name, `${name} has been disposed of`));
      const [opened] = await Promise.allSettled([current]);
      if (opened.status === 'fulfilled') await opened.value?.close();
    },
  };
}
