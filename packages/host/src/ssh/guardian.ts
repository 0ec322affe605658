import { once } from 'node:events';

import type { ClientChannel } from 'ssh2';

import type { Connection } from './connection.ts';
import guardianScript from './guardian.sh';
import { quoteArgv } from './quote.ts';

export const guardianLine: string = quoteArgv(['exec', 'sh', '-c', guardianScript, 'cutover-guardian']);

export interface Guardian {
  /** The command of this group has started; it is ended should the connection go away. */
  add(group: number): void;
  /** It has ended. */
  remove(group: number): void;
  /** Resolves when the signal has been sent, or when that can no longer be known. */
  kill(group: number, signal: NodeJS.Signals): Promise<void>;
  /** Resolves when its session is free again. */
  close(): Promise<void>;
}

export function createGuardian(channel: ClientChannel): Guardian {
  const answers: (() => void)[] = [];
  let closed = false;
  channel.on('error', () => undefined);
  channel.stderr.resume();
  channel.on('data', (lines: Buffer) => {
    for (const byte of lines) if (byte === 0x0a) answers.shift()?.();
  });
  channel.on('close', () => {
    closed = true;
    for (const answer of answers.splice(0)) answer();
  });
  const say = (line: string): void => {
    if (!closed) channel.write(`${line}\n`);
  };
  return {
    add: (group) => say(`+ ${group}`),
    remove: (group) => say(`- ${group}`),
    kill: async (group, signal) => {
      if (closed) return;
      await new Promise<void>((resolve) => {
        answers.push(resolve);
        say(`${signal.slice(3)} ${group}`);
      });
    },
    close: async () => {
      if (closed) return;
      const over = once(channel, 'close');
      channel.end();
      await over;
    },
  };
}

/**
 * Signals over a connection that is made for it, where the server has no session to spare for a guardian. A command
 * that was running when its connection was lost then runs on.
 */
export function createDistantGuardian(connectAgain: () => Promise<Connection>): Guardian {
  return {
    add: () => undefined,
    remove: () => undefined,
    kill: async (group, signal) => {
      const connection = await connectAgain();
      const line = quoteArgv(['kill', '-s', signal.slice(3), '--', `-${group}`]);
      await connection.exec(line, async (channel) => await once(channel.resume(), 'close'));
      await connection.close();
    },
    close: async () => undefined,
  };
}
