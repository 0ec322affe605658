import type { Duplex } from 'node:stream';

import type { Client, ClientChannel } from 'ssh2';

import { HostConnectionError } from '@cutover/host-contract';

/** An authenticated connection. It is used until it is lost or closed; there is no way back. */
export interface Connection {
  /** How the server calls itself, e.g. `SSH-2.0-OpenSSH_9.2p1 Debian-2`. */
  readonly server: string;
  /**
   * Opens a session for a command line. Rejects with ssh2's error when the server refuses it. `adopt` is called at
   * once: what follows in the same packet, up to how the command ended, would be lost on a later listener.
   */
  exec<T>(commandLine: string, adopt: (channel: ClientChannel) => T): Promise<T>;
  /** Opens a TCP connection from the host (direct-tcpip), which also resolves `host`. */
  forward(host: string, port: number): Promise<Duplex>;
  /** Set when the connection has ended, for whatever reason. */
  readonly lost: HostConnectionError | undefined;
  /** Calls `listener` then; returns how to take it back. */
  onLost(listener: (error: HostConnectionError) => void): () => void;
  close(): Promise<void>;
}

/** Milliseconds that the far side has to answer our goodbye. */
const goodbye = 1_000;

/** A client as a `Connection`, from before it connects. `base` is closed with it. */
export function createConnection(
  name: string,
  client: Client,
  socket: Duplex,
  base: Connection | undefined,
): Connection {
  let lost: HostConnectionError | undefined;
  let closing = false;
  let cause: unknown;
  client.on('error', (error) => {
    cause ??= error;
  });
  // The first line that a server sends; what came before it, RFC 4253 lets a client skip.
  let said = '';
  const listen = (chunk: Buffer): void => {
    said += chunk.toString('latin1');
    if (/^SSH-.*\n/m.test(said) || said.length > 65_536) socket.off('data', listen);
  };
  // Once the client listens too: a listener alone would have the first chunk for itself.
  queueMicrotask(() => socket.on('data', listen));
  const listeners = new Set<(error: HostConnectionError) => void>();
  const ended = new Promise<void>((resolve) => {
    const onEnd = (): void => {
      if (lost !== undefined) return;
      lost = lossOf(name, closing, cause);
      for (const listener of listeners) listener(lost);
      listeners.clear();
      resolve(base?.close());
    };
    client.once('end', onEnd);
    client.once('close', onEnd);
  });

  const request = async <T>(send: (done: (error: Error | undefined, value: T) => void) => void): Promise<T> =>
    await new Promise<T>((resolve, reject) => {
      if (lost !== undefined) throw lost;
      try {
        send((error, value) => {
          if (error === undefined) resolve(value);
          else reject(lost ?? error);
        });
      } catch (error) {
        // ssh2 throws when its socket has ended, which may be before it has said so.
        throw lossOf(name, closing, error);
      }
    });
  return {
    onLost: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    get lost() {
      return lost;
    },
    get server() {
      return /^SSH-.*/m.exec(said)?.[0].trim() ?? '';
    },
    exec: async <T>(commandLine: string, adopt: (channel: ClientChannel) => T) => {
      let adopted: { value: T } | undefined;
      await request<ClientChannel>((done) => {
        client.exec(commandLine, (error, channel) => {
          if (error === undefined) adopted = { value: adopt(channel) };
          done(error, channel);
        });
      });
      if (adopted === undefined) throw new TypeError('ssh2 gave no channel');
      return adopted.value;
    },
    forward: async (host, port) =>
      await request((done) => client.forwardOut('127.0.0.1', 0, host, port, done)),
    close: async () => {
      closing = true;
      if (lost === undefined) client.end();
      const timer = setTimeout(() => void socket.destroy(), goodbye);
      await ended;
      clearTimeout(timer);
    },
  };
}

function lossOf(name: string, closing: boolean, cause: unknown): HostConnectionError {
  const how = closing ? 'closed' : 'lost';
  const why = cause instanceof Error ? ` (${cause.message})` : '';
  return new HostConnectionError(
    'CONNECTION_LOST',
    name,
    `the connection to ${name} was ${how}${why}; what was running there may have ended or not: look before you repeat it`,
    { cause },
  );
}
