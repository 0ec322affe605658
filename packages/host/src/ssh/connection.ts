import type { Duplex } from 'node:stream';

import type { Client, ClientChannel } from 'ssh2';

import { HostConnectionError } from '../errors.ts';
import { authentication } from './authentication.ts';
import { dial, dialThroughSocks5 } from './dial.ts';
import { readHostKeyPolicy } from './host-keys.ts';
import type { SshHostOptions } from './options.ts';

/** An authenticated connection. It is used until it is lost or closed; there is no way back. */
export interface Connection {
  /**
   * Opens a session for a command line. Rejects with ssh2's error when the server refuses it. `adopt` is called at
   * once: what follows in the same packet, up to how the command ended, would be lost on a later listener.
   */
  exec<T>(commandLine: string, adopt: (channel: ClientChannel) => T): Promise<T>;
  /** Opens a TCP connection from the host (direct-tcpip), which it also resolves `host` for. */
  forward(host: string, port: number): Promise<Duplex>;
  /** Set when the connection has ended, for whatever reason. */
  readonly lost: HostConnectionError | undefined;
  /** Calls `listener` then; returns how to take it back. */
  onLost(listener: (error: HostConnectionError) => void): () => void;
  close(): Promise<void>;
}

/** @throws {HostConnectionError} */
export async function connect(name: string, options: SshHostOptions): Promise<Connection> {
  const { host, port = 22, user, connectTimeout = 20_000, jump, proxy } = options;
  const [{ default: ssh2 }, policy, credentials] = await Promise.all([
    import('ssh2'),
    readHostKeyPolicy(name, options),
    authentication(options),
  ]);
  const startedAt = performance.now();
  const base = jump && (await connect(jump.name ?? `${jump.user}@${jump.host}`, jump));
  let socket: Duplex | undefined;
  try {
    const signal = AbortSignal.timeout(connectTimeout);
    if (base !== undefined) socket = await base.forward(host, port);
    else if (proxy !== undefined) socket = await dialThroughSocks5(proxy.socks5, host, port, signal);
    else socket = await dial(host, port, signal);
    socket.on('error', ignore);

    const client = new ssh2.Client();
    let refusal: HostConnectionError | undefined;
    const ready = new Promise<void>((resolve, reject) => {
      client.once('ready', resolve);
      client.once('close', () => reject(new Error('the connection was closed during the handshake')));
      client.on('error', reject);
    });
    const connection = track(name, client, base);
    client.connect({
      sock: socket,
      username: user,
      ...credentials,
      algorithms: { serverHostKey: byPreference(policy.types) },
      hostVerifier: (key: Buffer) => {
        refusal = policy.refuse(key);
        return refusal === undefined;
      },
      readyTimeout: Math.max(1, connectTimeout - (performance.now() - startedAt)),
      keepaliveInterval: options.keepAliveInterval ?? 10_000,
      keepaliveCountMax: options.keepAliveCount ?? 3,
    });
    await ready.catch((error: unknown) => {
      throw refusal ?? error;
    });
    return connection;
  } catch (error) {
    socket?.destroy();
    await base?.close();
    throw asConnectionError(name, options, error);
  }
}

/** Public key algorithms of hosts, best first; SHA-1 signatures (`ssh-rsa`) are not among them. */
const hostKeyAlgorithms = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
] as const;

/** Those of the key types we know come first, for a host shows the first key that both sides speak of. */
function byPreference(types: readonly string[]): (typeof hostKeyAlgorithms)[number][] {
  const isKnown = (algorithm: string): boolean =>
    types.includes(algorithm.startsWith('rsa-') ? 'ssh-rsa' : algorithm);
  return [
    ...hostKeyAlgorithms.filter((algorithm) => isKnown(algorithm)),
    ...hostKeyAlgorithms.filter((algorithm) => !isKnown(algorithm)),
  ];
}

function track(name: string, client: Client, base: Connection | undefined): Connection {
  let lost: HostConnectionError | undefined;
  let cause: unknown;
  client.on('error', (error) => {
    cause ??= error;
  });
  const listeners = new Set<(error: HostConnectionError) => void>();
  const ended = new Promise<void>((resolve) => {
    const onEnd = (): void => {
      if (lost !== undefined) return;
      lost = new HostConnectionError(
        'CONNECTION_LOST',
        name,
        `the connection to ${name} was lost${cause instanceof Error ? ` (${cause.message})` : ''}; ` +
          'what was running there may have ended or not: look before you repeat it',
        { cause },
      );
      for (const listener of listeners) listener(lost);
      listeners.clear();
      resolve(base?.close());
    };
    client.once('end', onEnd);
    client.once('close', onEnd);
  });
  return {
    onLost: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    get lost() {
      return lost;
    },
    exec: async (commandLine, adopt) =>
      await new Promise((resolve, reject) => {
        if (lost !== undefined) throw lost;
        client.exec(commandLine, (error, channel) => {
          if (error === undefined) resolve(adopt(channel));
          else reject(lost ?? error);
        });
      }),
    forward: async (host, port) =>
      await new Promise((resolve, reject) => {
        if (lost !== undefined) throw lost;
        client.forwardOut('127.0.0.1', 0, host, port, (error, channel) => {
          if (error === undefined) resolve(channel);
          else reject(lost ?? error);
        });
      }),
    close: async () => {
      if (lost === undefined) client.end();
      await ended;
    },
  };
}

function asConnectionError(name: string, { host, port = 22, user }: SshHostOptions, error: unknown): unknown {
  if (error instanceof HostConnectionError || error instanceof TypeError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const level = error instanceof Error && 'level' in error ? error.level : undefined;
  if (level === 'client-authentication') {
    return new HostConnectionError(
      'AUTHENTICATION_FAILED',
      name,
      `${host}:${port} accepted none of our keys for ${user}: add the public key to that user's authorized_keys`,
      { cause: error },
    );
  }
  return new HostConnectionError(
    'CONNECTION_FAILED',
    name,
    `cannot connect to ${host}:${port} (${message})`,
    {
      cause: error,
    },
  );
}

function ignore(): void {}
