import { once } from 'node:events';

import signalScript from '@cutover/foundation/signal-group.sh';
import type { ClientChannel } from 'ssh2';

import type { Connection } from './connection.ts';
import guardianScript from './guardian.sh';
import type { ProcessGroup } from './mark.ts';
import { loginShellLine } from './login-shell-line.ts';
import { quoteArgv } from './quote.ts';

/** For `sh`. */
export const guardianScriptLine: string = quoteArgv(['exec', 'sh', '-c', guardianScript, 'cutover-guardian']);

/** For a login shell. */
export const guardianLine: string = loginShellLine(guardianScriptLine);

export interface Guardian {
  /** The command of this group has started; it is ended should the connection go away. */
  add(group: ProcessGroup): void;
  /** It has ended. */
  remove(group: ProcessGroup): void;
  /** Resolves when it knows what runs: what is said just before a goodbye, sshd may never pass on. `false`: it is gone. */
  knows(): Promise<boolean>;
  /** Resolves when the signal has been sent; `false`: the guardian is gone, so that is unknown. */
  kill(group: ProcessGroup, signal: NodeJS.Signals): Promise<boolean>;
  /** Resolves when its session is free again. */
  close(): Promise<void>;
}

/** What a guardian is spoken to by: its standard input and output, and their end. */
export interface GuardianLine {
  write(text: string): void;
  end(): void;
  onData(listener: (chunk: Buffer) => void): void;
  onClose(listener: () => void): void;
}

/** The channel of a session as a guardian's line. */
export function guardianChannel(channel: ClientChannel): GuardianLine {
  channel.on('error', () => undefined);
  channel.stderr.resume();
  return {
    write: (text) => void channel.write(text),
    end: () => void channel.end(),
    onData: (listener) => void channel.on('data', listener),
    onClose: (listener) => void channel.on('close', listener),
  };
}

export function createGuardian(channel: GuardianLine): Guardian {
  const answers: ((sent: boolean) => void)[] = [];
  const running = new Set<number>();
  let closed = false;
  channel.onData((lines) => {
    for (const byte of lines) if (byte === 0x0a) answers.shift()?.(true);
  });
  const over = new Promise<void>((resolve) => channel.onClose(resolve)).then(() => {
    closed = true;
    for (const answer of answers.splice(0)) answer(false);
  });
  const say = (line: string): void => {
    if (!closed) channel.write(`${line}\n`);
  };
  const ask = async (line: string): Promise<boolean> => {
    if (closed) return false;
    return await new Promise<boolean>((resolve) => {
      answers.push(resolve);
      say(line);
    });
  };
  return {
    add: ({ id, startTime }) => {
      running.add(id);
      say(`+ ${id} ${startTime}`);
    },
    remove: ({ id }) => {
      running.delete(id);
      say(`- ${id}`);
    },
    knows: async () => running.size === 0 || (await ask('?')),
    kill: async ({ id }, signal) => await ask(`${signal.slice(3)} ${id}`),
    close: async () => {
      if (closed) return;
      channel.end();
      await over;
    },
  };
}

/**
 * Signals over a connection that is made for it, where the server has no session to spare for a guardian, or the
 * guardian is gone. A command that was running when its connection was lost then runs on.
 */
export async function signalOverNewConnection(
  connectAgain: () => Promise<Connection>,
  { id, startTime }: ProcessGroup,
  signal: NodeJS.Signals,
): Promise<void> {
  const connection = await connectAgain();
  try {
    const argv = ['exec', 'sh', '-c', signalScript, 'sh', signal.slice(3), String(id), startTime];
    const line = loginShellLine(quoteArgv(argv));
    await connection.exec(line, async (channel) => await once(channel.resume(), 'close'));
  } finally {
    await connection.close();
  }
}
