import type { Duplex } from 'node:stream';
import type { CallOptions } from '../api/call-options.ts';
import type { Scope } from '../scope.ts';
import { Channel } from '../websocket/channel.ts';
import { watchPulse } from '../websocket/pulse.ts';

import { detachOnAbort, startConsole } from './console-operation.ts';
import { controlSocket, openOperationChannel } from './operation-channel.ts';

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
  const control = controlSocket(
    scope,
    await openOperationChannel(scope, operation, 'control', signal),
    `the console of ${instance}`,
  );
  const connections = new Set<Channel>();
  const detach = await detachOnAbort(signal, async (reason) => {
    control.close();
    for (const connection of connections) connection.destroy(reason);
    await ended;
  });
  return {
    async connect(options = {}) {
      const socket = await openOperationChannel(scope, operation, '0', options.signal);
      const connection = new Channel(socket, { endsWithSocket: true });
      watchPulse(scope.transport, socket, {
        what: `the console of ${instance}`,
        pings: true,
        dead: (error) => connection.destroy(error),
      });
      // A failure is told to those that read or write: it must not end the process of a caller that does neither.
      connection.on('error', () => {});
      connections.add(connection);
      connection.once('close', () => connections.delete(connection));
      return connection;
    },
    detach,
    [Symbol.asyncDispose]: detach,
  };
}
