import type { Duplex } from 'node:stream';
import { setTimeout } from 'node:timers/promises';

import { untilAborted } from '@cutover/foundation/until-aborted';
import { HostConnectionError, HostOptionError } from '@cutover/host-contract';

import type { AnyAuthMethod } from 'ssh2';

import { authentication } from './authentication.ts';
import { connectionFailure } from './connection-failure.ts';
import { type Connection, createConnection } from './connection.ts';
import { nameOf } from './destination.ts';
import { dialThroughCommand } from './dial-command.ts';
import { dial, dialThroughSocks5 } from './dial.ts';
import { hostKeyAlgorithmsFor } from './host-key-algorithms.ts';
import { keyType, readHostKeyPolicy } from './host-keys.ts';
import { endWhenSilent } from './keep-alive.ts';
import type { SshHostOptions } from './options.ts';
import { type ResolvedOptions, resolveOptions } from './ssh-config.ts';
import { writeTogether } from './write-together.ts';

/** Milliseconds between the first two attempts to connect; twice as long each time, up to the longest. */
const firstPause = 500;
const longestPause = 8_000;

/** How many jumps a way may have. */
const mostJumps = 8;

/**
 * Makes a connection: through the proxy or the jump, host key verified, authenticated. `signal` gives it up.
 *
 * @throws {HostConnectionError}
 */
export async function connect(
  name: string,
  options: SshHostOptions,
  signal?: AbortSignal,
  jumps = 0,
): Promise<Connection> {
  if (jumps > mostJumps) {
    const what = `ProxyJump leads over more than ${mostJumps} hosts, or in a circle: give the first one "ProxyJump none"`;
    throw new HostOptionError(name, 'config', what);
  }
  const { connectAttempts = 1 } = options;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await connectToRightKey(name, options, signal, jumps);
    } catch (error) {
      const mayPass = error instanceof HostConnectionError && error.code === 'CONNECTION_FAILED';
      if (!mayPass || attempt >= connectAttempts || signal?.aborted === true) throw error;
      const pause = Math.min(longestPause, firstPause * 2 ** (attempt - 1));
      await setTimeout(pause, undefined, signal && { signal });
    }
  }
}

/** Where a fingerprint is pinned, asks the host for a key of each type that it has, until one is the right one. */
async function connectToRightKey(
  name: string,
  options: SshHostOptions,
  signal: AbortSignal | undefined,
  jumps: number,
): Promise<Connection> {
  const shown: string[] = [];
  let mismatch: HostConnectionError | undefined;
  for (;;) {
    const before = shown.length;
    try {
      return await connectOnce(name, options, { shown, jumps }, signal);
    } catch (error) {
      const isMismatch = error instanceof HostConnectionError && error.code === 'HOST_KEY_MISMATCH';
      if (isMismatch) mismatch ??= error;
      // With none left to ask for, ssh2 would ask for all of them again.
      if (isMismatch && shown.length > before && hostKeyAlgorithmsFor([], shown).length > 0) continue;
      // It has no key of another type.
      throw mismatch !== undefined && String(error).includes('no matching host key') ? mismatch : error;
    }
  }
}

/**
 * @param shown gets the type of a key that was refused, if one of another type may be the right one.
 * @param jumps over how many hosts the way has led.
 */
async function connectOnce(
  name: string,
  given: SshHostOptions,
  { shown, jumps }: { readonly shown: string[]; readonly jumps: number },
  signal: AbortSignal | undefined,
): Promise<Connection> {
  const options = await resolveOptions(name, given);
  const {
    connectTimeout = 20_000,
    keepAliveInterval: interval = 10_000,
    keepAliveCount: count = 3,
    jump,
  } = options;
  // ssh2 and what it needs are only loaded by programs that use them.
  const [{ default: ssh2 }, policy, methods] = await Promise.all([
    import('ssh2'),
    readHostKeyPolicy(name, options),
    authentication(name, options),
  ]);
  const base = jump && (await connect(jump.name ?? nameOf(jump), jump, signal, jumps + 1));
  const timeout = AbortSignal.timeout(connectTimeout);
  const stop = signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
  let socket: Duplex | undefined;
  let agentError: Error | undefined;
  const giveUp = (): void => void socket?.destroy();
  stop.addEventListener('abort', giveUp, { once: true });
  try {
    socket = await openSocket(name, base, options, stop);
    socket.on('error', ignore);
    writeTogether(socket);
    stop.throwIfAborted();

    const client = new ssh2.Client();
    let refusal: HostConnectionError | undefined;
    const untried = [...methods];
    const ready = new Promise<void>((resolve, reject) => {
      client.once('ready', resolve);
      client.once('close', () =>
        reject(refusal ?? new Error('it closed the connection during the handshake')),
      );
      client.on('error', (error) => {
        // What cannot be asked has no keys for us; other methods follow.
        if (error.level === 'agent') agentError = error;
        else reject(refusal ?? error);
      });
    });
    const connection = createConnection(name, client, socket, base);
    client.connect({
      sock: socket,
      username: options.user,
      authHandler: (_left, _partial, next) => next(untried.shift() ?? noMethod),
      algorithms: { serverHostKey: hostKeyAlgorithmsFor(policy.types, shown) },
      hostVerifier: (key: Buffer) => {
        refusal = policy.refuse(key);
        if (refusal !== undefined && policy.anyType && !shown.includes(keyType(key)))
          shown.push(keyType(key));
        return refusal === undefined;
      },
      readyTimeout: 0,
      keepaliveInterval: interval,
      // It counts answers only, and one may take long behind what else is sent.
      keepaliveCountMax: Infinity,
    });
    await ready;
    endWhenSilent(client, socket, { interval, count });
    return connection;
  } catch (error) {
    giveUp();
    await base?.close();
    const why = timeout.aborted
      ? new Error(`no answer within ${connectTimeout} ms`, { cause: error })
      : error;
    throw await connectionFailure(name, options, why, agentError);
  } finally {
    stop.removeEventListener('abort', giveUp);
  }
}

async function openSocket(
  name: string,
  base: Connection | undefined,
  { host, port = 22, user, proxy }: ResolvedOptions,
  signal: AbortSignal,
): Promise<Duplex> {
  if (base !== undefined) return await untilAborted(signal, base.forward(host, port));
  if (proxy !== undefined && 'command' in proxy)
    return await dialThroughCommand(name, proxy.command, { host, port, user });
  if (proxy !== undefined) return await dialThroughSocks5(proxy.socks5, host, port, signal);
  return await dial(host, port, signal);
}

/** Tells ssh2 that nothing is left to try; its types have only `undefined` for that, with which it waits. */
const noMethod = false as unknown as AnyAuthMethod;

function ignore(): void {}
