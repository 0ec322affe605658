import type { Duplex } from 'node:stream';
import type { CallOptions } from '../api/call-options.ts';
import type { Scope } from '../scope.ts';
import { Channel } from '../websocket/channel.ts';
import { messageSocket } from '../websocket/messages.ts';
import { detachOnAbort, startConsole } from './console-operation.ts';
import { openOperationChannel } from './operation-channel.ts';

/** An attached graphical console of a virtual machine. */
export interface VgaSession extends AsyncDisposable {
  /**
   * Opens one more connection to the machine's SPICE server, as a stream of bytes. A viewer makes several: one each for
   * display, inputs, sound and so on.
   */
  connect(options?: CallOptions): Promise<Duplex>;
  /** Ends all connections; the machine runs on. */
  detach(): Promise<void>;
}

/** How a graphical console is attached. */
export interface VgaOptions extends CallOptions {
  /** Take it from a client that is attached. */
  readonly force?: boolean | undefined;
}

/** Attaches control, which holds the session open; what is connected later goes over the secret of channel 0. */
export async function attachVga(
  scope: Scope,
  instance: string,
  { force = false, signal }: VgaOptions,
): Promise<VgaSession> {
  const wanted = { type: 'vga', width: 0, height: 0, force };
  const { operation, ended } = await startConsole(scope, instance, wanted, signal);
  const control = messageSocket(await openOperationChannel(scope, operation, 'control', signal), {
    message: () => {},
    closed: () => {},
  });
  const connections = new Set<Channel>();
  const detach = await detachOnAbort(signal, async () => {
    control.close();
    for (const connection of connections) connection.destroy();
    await ended;
  });
  return {
    async connect(options = {}) {
      const socket = await openOperationChannel(scope, operation, '0', options.signal);
      const connection = new Channel(socket, { endsWithSocket: true });
      // A failure is told to whoever reads or writes: it must not end the process of one who does not.
      connection.on('error', () => {});
      connections.add(connection);
      connection.once('close', () => connections.delete(connection));
      return connection;
    },
    detach,
    [Symbol.asyncDispose]: detach,
  };
}
