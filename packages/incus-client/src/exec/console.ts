import type { Duplex } from 'node:stream';
import { IncusError } from '../errors.ts';
import type { CallOptions, Scope } from '../scope.ts';
import { path } from '../transport/path.ts';
import { Channel } from '../websocket/channel.ts';
import { messageSocket } from '../websocket/messages.ts';
import { attachSockets } from './attach.ts';
import type { TerminalSize } from './types.ts';

/** An attached text console. Only one client can be attached to an instance's console at a time. */
export interface ConsoleSession extends AsyncDisposable {
  /** What is typed goes in, what is shown comes out. Ends when the instance stops or the session is detached. */
  readonly terminal: Duplex;
  resize(size: TerminalSize): void;
  /** Leaves the console to itself; the instance runs on. */
  detach(): Promise<void>;
}

/** The consoles of instances. */
export interface ConsoleArea {
  attach(
    instance: string,
    options?: CallOptions &
      Partial<TerminalSize> & { /** Take it from a client that is attached. */ readonly force?: boolean },
  ): Promise<ConsoleSession>;
  /** What a container has written to its console, as far as the daemon kept it. */
  log(instance: string, options?: CallOptions): Promise<Buffer>;
  clearLog(instance: string, options?: CallOptions): Promise<void>;
}

export function consoleArea(scope: Scope): ConsoleArea {
  const url = (instance: string) => path`/1.0/instances/${instance}/console`;
  return {
    async attach(instance, { width = 80, height = 24, force = false, signal } = {}) {
      const json = { width, height, type: 'console', force };
      const run = scope.start('POST', url(instance), { json, signal }, () => {});
      const ended = Promise.resolve(run).catch((error: unknown) => {
        // The daemon fails the operation of a console whose client went away: that is how a session ends.
        if (!(error instanceof IncusError) && signal?.aborted !== true) throw error;
      });
      const operation = await run.started;
      const {
        standard: [data],
        control,
      } = await attachSockets(scope, operation, true, signal);
      if (data === undefined || control === undefined)
        throw new IncusError('PROTOCOL_ERROR', `the console of ${instance} ended as it was attached`);
      const terminal = new Channel(data, { endsWithSocket: true });
      terminal.on('error', () => {});
      const messages = messageSocket(control, { message: () => {}, closed: () => {} });
      const detach = async () => {
        signal?.removeEventListener('abort', abort);
        messages.close();
        terminal.destroy();
        await ended;
      };
      const abort = () => void detach();
      signal?.addEventListener('abort', abort, { once: true });
      if (signal?.aborted === true) {
        await detach();
        throw signal.reason;
      }
      return {
        terminal,
        resize: (size) =>
          messages.send(
            JSON.stringify({
              command: 'window-resize',
              args: { width: String(size.width), height: String(size.height) },
            }),
          ),
        detach,
        [Symbol.asyncDispose]: detach,
      };
    },
    async log(instance, options = {}) {
      return (await scope.raw('GET', url(instance), options)).body;
    },
    async clearLog(instance, options = {}) {
      await scope.request('DELETE', url(instance), options);
    },
  };
}
