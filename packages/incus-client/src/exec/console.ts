import type { Duplex } from 'node:stream';
import { IncusError } from '../errors.ts';
import type { CallOptions } from '../api/call-options.ts';
import type { Scope } from '../scope.ts';
import { Channel } from '../websocket/channel.ts';
import { watchPulse } from '../websocket/pulse.ts';
import { attachSockets } from './attach.ts';
import { consolePath, detachOnAbort, startConsole } from './console-operation.ts';
import { controlSocket } from './operation-channel.ts';
import type { TerminalSize } from './types.ts';
import { type VgaOptions, type VgaSession, attachVga } from './vga.ts';

/** An attached text console. Only one client can be attached to an instance's console at a time. */
export interface ConsoleSession extends AsyncDisposable {
  /** What is typed goes in, what is shown comes out. Ends when the instance stops or the session is detached. */
  readonly terminal: Duplex;
  /** Tells the instance that the terminal has another size now. */
  resize(size: TerminalSize): void;
  /** Leaves the console to itself; the instance runs on. */
  detach(): Promise<void>;
}

/** How a text console is attached. */
export interface ConsoleOptions extends CallOptions, Partial<TerminalSize> {
  /** Take it from a client that is attached. */
  readonly force?: boolean | undefined;
}

/** The consoles of instances. */
export interface ConsoleArea {
  /** Attaches the text console: the terminal of a container, the serial line of a virtual machine. */
  attach(instance: string, options?: ConsoleOptions): Promise<ConsoleSession>;
  /**
   * Attaches the graphical console of a virtual machine, which speaks SPICE.
   *
   * @throws {IncusApiError} `BAD_REQUEST` for a container.
   */
  attachVga(instance: string, options?: VgaOptions): Promise<VgaSession>;
  /** What a container has written to its console, as far as the daemon kept it. */
  log(instance: string, options?: CallOptions): Promise<Buffer>;
  /** Empties what `log` gives. */
  clearLog(instance: string, options?: CallOptions): Promise<void>;
}

export function consoleArea(scope: Scope): ConsoleArea {
  return {
    async attach(instance, { width = 80, height = 24, force = false, signal } = {}) {
      const wanted = { width, height, type: 'console', force };
      const { operation, ended } = await startConsole(scope, instance, wanted, signal);
      const {
        standard: [data],
        control,
      } = await attachSockets(scope, operation, true, signal);
      if (data === undefined) throw new IncusError('PROTOCOL_ERROR', 'a console without a channel');
      const terminal = new Channel(data, { endsWithSocket: true });
      terminal.on('error', () => {});
      watchPulse(scope.transport, data, {
        what: `the console of ${instance}`,
        pings: true,
        dead: (error) => terminal.destroy(error),
      });
      const messages = controlSocket(scope, control, `the console of ${instance}`);
      const detach = await detachOnAbort(signal, async (reason) => {
        messages.close();
        terminal.destroy(reason);
        await ended;
      });
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
    attachVga: (instance, options = {}) => attachVga(scope, instance, options),
    async log(instance, options = {}) {
      return (await scope.raw('GET', consolePath(instance), options)).body;
    },
    async clearLog(instance, options = {}) {
      await scope.request('DELETE', consolePath(instance), options);
    },
  };
}
