import { setTimeout as sleep } from 'node:timers/promises';

import { type Host, HostConnectionError } from '@cutover/host';

import type { Target } from './target.ts';

/** The one connection in use to a target, replaced when it is lost. */
export interface Connection extends AsyncDisposable {
  readonly host: Host;
  /**
   * Opens another connection, trying again while the target cannot be reached, and puts it in the place of the old.
   *
   * @throws {HostConnectionError} the last one, when `deadline` (as `performance.now()` counts) has passed.
   */
  renew(deadline: number, signal?: AbortSignal): Promise<Host>;
  /** Like `Host.run`, once more on a new connection where the first was lost: only for what may be done twice. */
  runAgain(argv: readonly string[], deadline: number, signal?: AbortSignal): Promise<string>;
}

export async function openConnection(target: Target, signal?: AbortSignal): Promise<Connection> {
  let host = await target.connect(signal);
  const renew = async (deadline: number, stop?: AbortSignal): Promise<Host> => {
    await close(host);
    host = await reach(target, deadline, stop);
    return host;
  };
  return {
    get host() {
      return host;
    },
    renew,
    runAgain: async (argv, deadline, stop) => {
      for (;;) {
        try {
          const timeout = Math.max(1000, Math.ceil(deadline - performance.now()));
          return (await host.run(argv, { timeout, signal: stop })).stdout;
        } catch (error) {
          if (!(error instanceof HostConnectionError) || performance.now() > deadline) throw error;
          await renew(deadline, stop);
        }
      }
    },
    [Symbol.asyncDispose]: async () => await close(host),
  };
}

/**
 * A connection to a target that may be away for a while. Half a second passes between attempts: one client needs no
 * jitter.
 */
export async function reach(target: Target, deadline: number, signal?: AbortSignal): Promise<Host> {
  for (;;) {
    signal?.throwIfAborted();
    const left = deadline - performance.now();
    const limit = AbortSignal.timeout(Math.ceil(Math.max(1, Math.min(left, 20_000))));
    try {
      return await connected(target, signal === undefined ? limit : AbortSignal.any([signal, limit]));
    } catch (error) {
      if (signal?.aborted === true) throw error;
      const silent = limit.aborted && !(error instanceof HostConnectionError);
      if (!silent && !isPassing(error)) throw error;
      if (performance.now() + 1000 > deadline) throw silent ? noAnswer(target, error) : error;
    }
    await sleep(500, undefined, { signal });
  }
}

/** A host may connect with its first command only; so it gets one. */
async function connected(target: Target, signal: AbortSignal): Promise<Host> {
  const host = await target.connect(signal);
  try {
    await host.run(['true'], { signal });
    return host;
  } catch (error) {
    await close(host);
    throw error;
  }
}

/** What never answers is ended by our own limit, which says nothing of the target. */
function noAnswer({ name }: Target, cause: unknown): HostConnectionError {
  return new HostConnectionError('CONNECTION_FAILED', name, `${name} did not answer in time`, { cause });
}

/** Waiting does not repair wrong keys and wrong credentials; it may repair anything else about a connection. */
function isPassing(error: unknown): boolean {
  return (
    error instanceof HostConnectionError &&
    (error.code === 'CONNECTION_FAILED' || error.code === 'CONNECTION_LOST')
  );
}

/** A lost connection may fail to close: there is nothing left to lose. */
async function close(host: Host): Promise<void> {
  await Promise.allSettled([host[Symbol.asyncDispose]()]);
}
